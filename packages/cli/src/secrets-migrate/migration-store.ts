import type { OpenSecrets } from "../secrets/open-backend.ts";

/** Where migrations and imports write. */
export type MigrationStore = Pick<OpenSecrets, "backend" | "keyring" | "locate">;
