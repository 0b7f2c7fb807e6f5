// https://www.postgresql.org/docs/current/
import { PlatformSettings } from "@sophia/core/config/platform-config";
import { defineService } from "@sophia/core/config/service";
import { z } from "zod";
import { resolveMode } from "../resolve-mode.ts";
import { postgresqlRotator } from "./rotator.ts";

const docsUrl = "https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS";

export const postgresql = defineService({
  id: "postgresql",
  title: "PostgreSQL",
  group: "store",
  purpose: "Store for several machines, and a database to ask and to tune; without it, SQLite in the data directory.",
  served: ["live", "local"],
  docsUrl,
  config: z.object({ SOPHIA_DATABASE_URL: PlatformSettings.shape.SOPHIA_DATABASE_URL }),
  keyShape: [{ variable: "SOPHIA_DATABASE_URL", pattern: /^postgres(?:ql)?:\/\//, isDistinct: true }],
  modes: ({ config, simulate }) =>
    resolveMode({
      required: { SOPHIA_DATABASE_URL: config.SOPHIA_DATABASE_URL },
      local: "keeps its data in SQLite in the data directory",
      simulate,
      docsUrl,
    }),
  rotator: postgresqlRotator,
});
