import type { SecretPlace, ServerSecrets } from "@sophia/core/secrets/settings/secret-consumers";
import { formatPropertyPath } from "@sophia/core/secrets/esc/property-path";
import type { z } from "zod";
import { withPostgres } from "../postgresql/postgres-session.ts";
import { openCloudSecrets } from "../pulumi-esc/open-cloud-secrets.ts";
import { withRedis } from "../redis/redis-session.ts";
import { environmentOf, listVariablePlaces } from "./variable-places.ts";

/** From where this server stands, which another process cannot tell: names, routes and address rules may differ. */
const probes: Readonly<Record<string, SecretPlace["probe"]>> = {
  SOPHIA_DATABASE_URL: (url) => withPostgres(url, async (client) => void (await client.query("select 1"))),
  SOPHIA_REDIS_URL: (url) => withRedis(url, async (redis) => void (await redis.ping())),
};

/** Where a server's secrets come from, and where in the hierarchy each of its variables stands. */
export function createServerSecrets(server: string, settings: z.ZodObject): ServerSecrets {
  const places = listVariablePlaces({ [server]: settings }).filter(({ isSecret }) => isSecret);
  return {
    openCloud: openCloudSecrets,
    places: places.map((place) => {
      const probe = probes[place.variable];
      return {
        variable: place.variable,
        path: formatPropertyPath(place.path),
        environment: (stage) => environmentOf(place, stage),
        ...(probe && { probe }),
      };
    }),
  };
}
