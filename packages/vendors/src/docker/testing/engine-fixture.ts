import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findBinary, reportMissing } from "@sophia/core/testing/find-binary";
import { findDocker } from "@sophia/core/testing/peers";

/** A container to make for a test. Its name gets a random tail, because the Engine may be the machine's own. */
export interface FixtureContainer {
  name: string;
  /** Run by `/bin/sh -c`. */
  script: string;
  labels?: Record<string, string>;
  tty?: boolean;
  health?: { script: string; retries?: number };
  memoryBytes?: number;
  /** Default: the Engine's own. `none` cannot be read back. */
  logDriver?: "none";
  /** Paths of anonymous volumes. */
  volumes?: readonly string[];
  /** False leaves it created. */
  start?: boolean;
}

/** A real Engine with an image of nothing but busybox, made on the spot: nothing can be pulled in a test. */
export interface EngineFixture {
  host: string;
  create(container: FixtureContainer): Promise<{ id: string; name: string }>;
  /** Any call of the Engine's API, for what the client under test may not do. */
  call(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }>;
  stop(): Promise<void>;
}

/** `undefined` where no Engine or no busybox can be had; the reason has been printed. */
export async function startEngineFixture(): Promise<EngineFixture | undefined> {
  const busybox = await findBinary({
    names: ["busybox"],
    folders: ["/bin", "/usr/bin"],
    debianPackage: "busybox-static",
  });
  if (busybox === undefined) return reportMissing("Docker containers", "no static busybox to make an image of");
  const engine = await findDocker();
  if (engine === undefined) return undefined;
  const { socketPath } = engine;
  const tag = randomBytes(4).toString("hex");
  const image = `sophia-fixture:${tag}`;
  const created: string[] = [];
  const call: EngineFixture["call"] = (method, path, body) => callEngine(socketPath, method, path, body);
  expectStatus(await call("POST", `/images/create?fromSrc=-&repo=sophia-fixture&tag=${tag}`, packImage(busybox)), 200);
  return {
    host: `unix://${socketPath}`,
    call,
    async create(container) {
      const name = `${container.name}-${tag}`;
      const answer = expectStatus(
        await call("POST", `/containers/create?name=${name}`, toCreateBody(container, image)),
        201,
      );
      const { Id: id } = JSON.parse(answer) as { Id: string };
      created.push(id);
      if (container.start !== false) expectStatus(await call("POST", `/containers/${id}/start`), 204);
      return { id, name };
    },
    async stop() {
      for (const id of created) await call("DELETE", `/containers/${id}?force=1&v=1`);
      await call("DELETE", `/images/${image}?force=1`);
      await engine.stop();
    },
  };
}

function toCreateBody(container: FixtureContainer, image: string): unknown {
  const { script, labels, tty, health, memoryBytes, volumes, logDriver } = container;
  const secondInNanoseconds = 1_000_000_000;
  return {
    Image: image,
    Cmd: ["/bin/sh", "-c", script],
    Labels: labels ?? {},
    Tty: tty ?? false,
    Volumes: Object.fromEntries((volumes ?? []).map((path) => [path, {}])),
    HostConfig: {
      NetworkMode: "none",
      ...(memoryBytes !== undefined && { Memory: memoryBytes }),
      ...(logDriver && { LogConfig: { Type: logDriver } }),
    },
    ...(health && {
      Healthcheck: {
        Test: ["CMD-SHELL", health.script],
        Interval: secondInNanoseconds,
        Timeout: secondInNanoseconds,
        Retries: health.retries ?? 1,
      },
    }),
  };
}

function packImage(busybox: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "sophia-image-"));
  try {
    mkdirSync(join(folder, "bin"));
    mkdirSync(join(folder, "tmp"));
    copyFileSync(busybox, join(folder, "bin", "busybox"));
    for (const name of ["sh", "sleep", "cat", "test", "touch", "printf", "trap"])
      symlinkSync("busybox", join(folder, "bin", name));
    return execFileSync("tar", ["-C", folder, "-c", "."], { maxBuffer: 64 * 1024 * 1024 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function expectStatus(answer: { status: number; text: string }, status: number): string {
  if (answer.status === status) return answer.text;
  throw new Error(`The Engine answered ${answer.status} instead of ${status}: ${answer.text.slice(0, 500)}`);
}

function callEngine(
  socketPath: string,
  method: string,
  path: string,
  body: unknown,
): Promise<{ status: number; text: string }> {
  const binary = Buffer.isBuffer(body);
  const payload = binary ? body : body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const type = binary ? "application/x-tar" : "application/json";
  const headers = payload === undefined ? {} : { "content-type": type, "content-length": payload.length };
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, method, path, headers, timeout: 30_000, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
      );
      response.on("error", reject);
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("the Engine did not answer")));
    outgoing.on("error", reject);
    outgoing.end(payload);
  });
}
