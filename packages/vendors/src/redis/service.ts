// https://www.iana.org/assignments/uri-schemes/prov/redis
import { PlatformSettings } from "@sophia/core/config/platform-config";
import { defineService } from "@sophia/core/config/service";
import { z } from "zod";
import { resolveMode } from "../resolve-mode.ts";
import { redisRotator } from "./rotator.ts";

const docsUrl = "https://redis.io/docs/latest/operate/oss_and_stack/install/";

export const redis = defineService({
  id: "redis",
  title: "Redis",
  group: "store",
  purpose: "Limits of the services' APIs counted over all processes; without it, in each process.",
  served: ["live", "local"],
  docsUrl,
  config: z.object({ SOPHIA_REDIS_URL: PlatformSettings.shape.SOPHIA_REDIS_URL }),
  keyShape: [{ variable: "SOPHIA_REDIS_URL", pattern: /^rediss?:\/\//, isDistinct: true }],
  modes: ({ config, simulate }) =>
    resolveMode({
      required: { SOPHIA_REDIS_URL: config.SOPHIA_REDIS_URL },
      local: "counts limits in each process",
      simulate,
      docsUrl,
    }),
  rotator: redisRotator,
});
