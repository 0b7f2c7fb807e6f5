import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../limits/clock.ts";
import { testSecretBackend } from "../testing/test-secret-backend.ts";
import { createKeyring } from "./keyring.ts";
import { createLocalBackend } from "./local-backend.ts";

testSecretBackend("files on this machine", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sophia-secrets-"));
  const keyring = createKeyring(Buffer.alloc(32, 7));
  return {
    backend: createLocalBackend({ folder, keyring, author: "ada", clock: systemClock }),
    close: () => Promise.resolve(rmSync(folder, { recursive: true })),
  };
});
