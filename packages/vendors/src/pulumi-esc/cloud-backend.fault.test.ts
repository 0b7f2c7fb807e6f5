import { inspect } from "node:util";
import { Secret } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import { secretForms } from "@sophia/core/testing/secret-forms";
import { silentLog } from "@sophia/core/testing/store-engines";
import { startEscServer } from "@sophia/simulators/pulumi-esc/esc-server";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCloudBackend } from "./cloud-backend.ts";
import { organisation, startCloud, type StartedCloud, token } from "./testing/start-cloud.ts";

const id = { project: "shop", name: "main" };
const canary = "canary-of-the-cloud-9Zp";

let cloud: StartedCloud;
let seen: unknown[] = [];
beforeEach(async () => {
  seen = [];
  cloud = await startCloud({ timeoutMs: 4_000 });
  await cloud.backend.create(id);
  await cloud.backend.update(id, `values: { key: { fn::secret: ${canary} } }`);
});

afterEach(async () => {
  await cloud.close();
  // Whatever happened: neither the token nor a value in any error or any line of the log.
  const told = `${cloud.logged()}\n${seen.map((each) => inspect(each, { depth: 10 })).join("\n")}`;
  for (const form of [...secretForms(token), ...secretForms(canary)]) expect(told).not.toContain(form);
});

async function failure(work: Promise<unknown>): Promise<AppError> {
  try {
    await work;
  } catch (thrown) {
    seen.push(thrown);
    expect(thrown).toBeInstanceOf(AppError);
    return thrown as AppError;
  }
  throw new Error("It did not fail.");
}

function count(pattern: RegExp): number {
  return cloud.server.requests().filter((request) => pattern.test(request)).length;
}

describe("Pulumi Cloud in trouble", () => {
  it("is asked again for what only reads, and answers (fault 41)", async () => {
    for (const fault of [
      { kind: "status", status: 503 },
      { kind: "status", status: 500, body: `token ${token} is ${canary}` },
      { kind: "reset" },
    ] as const) {
      cloud.server.faults.next(fault, 1, /^GET .*main$/);
      expect((await cloud.backend.read(id)).revision).toBe(2);
      await new Promise((resolve) => setTimeout(resolve, 1_100));
    }
    cloud.server.faults.next({ kind: "status", status: 503 }, 1, /^POST .*open$/);
    expect((await cloud.backend.open(id)).environment?.properties.get("key")?.value).toBe(canary);
  });

  it("is quoted nowhere, even when it repeats what it was told", async () => {
    const body = JSON.stringify({ message: `token ${token} may not write ${canary}` });
    for (const status of [400, 401, 403, 404, 422, 500]) {
      cloud.server.faults.next({ kind: "status", status, body }, 4);
      expect((await failure(cloud.backend.read(id))).status).toBe(status);
      expect((await failure(cloud.backend.update(id, "values: {}"))).message).not.toContain("may not write");
      cloud.server.faults.clear();
    }
  });

  it("waits as long as a 429 says", async () => {
    cloud.server.faults.next({ kind: "status", status: 429, retryAfter: "1" }, 1, /^GET .*main$/);
    const startedAt = performance.now();
    expect((await cloud.backend.read(id)).revision).toBe(2);
    expect(performance.now() - startedAt).toBeGreaterThan(950);
    cloud.server.faults.next({ kind: "status", status: 429, retryAfter: "600" }, 1, /^GET .*main$/);
    expect(await failure(cloud.backend.read(id))).toMatchObject({ kind: "rate_limited" });
  });

  it("is not sent a change twice: its outcome is told to be unknown", async () => {
    const before = count(/^PATCH/);
    cloud.server.faults.next({ kind: "reset" }, 1, /^PATCH/);
    const error = await failure(cloud.backend.update(id, "values: { a: 1 }"));
    expect(error).toMatchObject({ kind: "upstream", retryable: false });
    expect(error.message).toContain("not known");
    expect(count(/^PATCH/) - before).toBe(1);
  });

  it("is given up on at the deadline, whether it is silent or drips", async () => {
    const { backend, server } = cloud;
    for (const fault of [
      { kind: "slow", delayMs: 20_000 },
      { kind: "drip", everyMs: 500 },
    ] as const) {
      server.faults.next(fault, 4, /^GET .*main$/);
      const startedAt = performance.now();
      expect(await failure(backend.read(id))).toMatchObject({ kind: "timeout" });
      expect(performance.now() - startedAt).toBeLessThan(5_000);
    }
  });

  it("can be left by the caller at any time", async () => {
    cloud.server.faults.next({ kind: "slow", delayMs: 20_000 }, 1, /^POST .*open$/);
    const startedAt = performance.now();
    await expect(cloud.backend.open(id, { signal: AbortSignal.timeout(200) })).rejects.toThrow();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  it("is not followed elsewhere, where the token would go along", async () => {
    const elsewhere = await startEscServer({ backend: cloud.local, toWire: () => ({}), organisation, token });
    cloud.server.faults.next({ kind: "redirect", location: `${elsewhere.url}/api/esc` }, 4, /^GET .*main$/);
    expect(await failure(cloud.backend.read(id))).toMatchObject({ kind: "upstream" });
    expect(elsewhere.requests()).toEqual([]);
    await elsewhere.close();
  });

  it("is not believed when its answer is no answer", async () => {
    for (const [text, contentType] of [
      ["<html>VENDOR TEXT</html>", "text/html"],
      ['{"environments":', "application/json"],
      ['{"environments": 7}', "application/json"],
      ["", "application/json"],
    ] as const) {
      cloud.server.faults.next({ kind: "body", text, contentType }, 4, /^GET .*acme$/);
      const error = await failure(cloud.backend.list());
      expect(error).toMatchObject({ kind: "upstream" });
      expect(error.message).not.toContain("VENDOR");
      cloud.server.faults.clear();
    }
    cloud.server.faults.next({ kind: "body", text: "{}", contentType: "application/json" }, 1, /open$/);
    expect(await failure(cloud.backend.open(id))).toMatchObject({ kind: "upstream" });
  });

  it("that does not know the token or the organisation is told apart from one without the environment", async () => {
    const options = { log: silentLog, baseUrl: cloud.server.url };
    const stranger = createCloudBackend({ ...options, organisation, token: new Secret("pul-wrong") });
    expect(await failure(stranger.read(id))).toMatchObject({ kind: "not_configured" });
    const other = createCloudBackend({ ...options, organisation: "others", token: new Secret(token) });
    expect(await failure(other.read(id))).toMatchObject({ kind: "not_found" });
    await Promise.all([stranger.close(), other.close()]);
  });

  it("that is away says so without a second wait", async () => {
    await cloud.server.close();
    const error = await failure(cloud.backend.open(id));
    expect(["unavailable", "upstream"]).toContain(error.kind);
  });
});

describe("the address of Pulumi Cloud", () => {
  const create = (baseUrl: string) =>
    createCloudBackend({ organisation, token: new Secret(token), log: silentLog, baseUrl });

  it("is Pulumi's own, also beside a state store in files", () => {
    for (const url of ["", "file://~", "s3://bucket", "https://api.pulumi.com/"]) {
      expect(create(url).location).toBe("acme at api.pulumi.com");
    }
    expect(create("https://pulumi.example:8443").location).toBe("acme at pulumi.example:8443");
  });

  it("never takes the token unencrypted, or with another login", () => {
    for (const url of ["http://pulumi.example", "https://user:word@pulumi.example", "http://"]) {
      expect(() => create(url)).toThrow(expect.objectContaining({ kind: "not_configured" }) as Error);
    }
  });
});
