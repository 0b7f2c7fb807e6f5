import { expect, test } from "vitest";
import { replaceSecret, Secret } from "../config/secret.ts";
import { systemClock } from "../limits/clock.ts";
import { createEndpointHealth } from "./create-endpoint-health.ts";
import { classifyFailure } from "./failure.ts";
import { AppError } from "../errors/app-error.ts";

test("a refused key stops its endpoint, and the key that replaces it begins anew", () => {
  const health = createEndpointHealth({ clock: systemClock });
  const credential = new Secret("old");
  const place = { id: "somewhere small", endpointId: "somewhere", credential };
  const refused = classifyFailure(new AppError("not_configured", "Wrong key.", { status: 401 }));
  health.enter(place)?.report({ outcome: refused });
  expect(health.state(place).state).toBe("open");
  expect(health.enter(place, { lastResort: true })).toBeUndefined();
  replaceSecret(credential, "new");
  expect(health.enter(place)).toBeDefined();
  expect(health.state(place).state).toBe("closed");
});
