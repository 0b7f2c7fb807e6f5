import { testSecretBackend } from "@sophia/core/secrets/backend/testing/test-secret-backend";
import { expect } from "vitest";
import { startCloud } from "./testing/start-cloud.ts";

testSecretBackend("Pulumi Cloud's contract", async () => {
  const cloud = await startCloud();
  return {
    backend: cloud.backend,
    async close() {
      await cloud.close();
      expect(cloud.disagreements).toEqual([]);
    },
  };
});
