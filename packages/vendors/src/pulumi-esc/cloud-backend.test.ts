import { testSecretBackend } from "@sophia/core/secrets/backend/testing/test-secret-backend";
import { startCloud } from "./testing/start-cloud.ts";

testSecretBackend("Pulumi Cloud's contract", async () => await startCloud());
