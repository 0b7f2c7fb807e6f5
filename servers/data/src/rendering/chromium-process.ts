import { spawn } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { AppError } from "@sophia/core/errors/app-error";
import type { Logger } from "pino";
import { createDevtoolsPipe, type DevtoolsPipe } from "./devtools-pipe.ts";

export interface ChromiumProcess {
  devtools: DevtoolsPipe;
  /** E.g. "Chrome/139.0.7258.5". */
  version: string;
  /** Leads the group of all its processes. */
  pid: number;
  stop(): Promise<void>;
}

const startMs = 20_000;
const stopMs = 3_000;
const maxLogCharacters = 4_000;

/**
 * Chromium's own sandbox does not work for root, nor in most containers, which lack the rights it needs. There the
 * container is the wall; a page is a hostile program all the same, so run Sophia as an ordinary user elsewhere.
 */
export function mayUseSandbox(): boolean {
  const isContainer = existsSync("/.dockerenv") || existsSync("/run/.containerenv");
  return process.getuid?.() !== 0 && !isContainer;
}

/** No network but through the proxy that each page is given, nothing kept, nothing sent home. */
function flagsFor(profile: string): string[] {
  return [
    "--headless",
    "--remote-debugging-pipe",
    `--user-data-dir=${profile}`,
    ...(mayUseSandbox() ? [] : ["--no-sandbox"]),
    // A proxy that is not there, for whatever does not belong to a page.
    "--proxy-server=127.0.0.1:9",
    "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--dns-prefetch-disable",
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-sync",
    "--disable-features=Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider,AutofillServerCommunication",
    "--hide-scrollbars",
    "--js-flags=--max-old-space-size=512",
    "--metrics-recording-only",
    "--mute-audio",
    "--password-store=basic",
    "--use-mock-keychain",
  ];
}

/** @throws AppError unavailable when the program does not start */
export async function startChromium(path: string, log: Logger): Promise<ChromiumProcess> {
  const profile = mkdtempSync(join(tmpdir(), "sophia-chromium-"));
  // The shell outlives this process when that is killed, and so does the browser until it sees the pipes closed.
  const child = spawn("/bin/sh", ["-c", '"$0" "$@"; rm -rf "$HOME"', path, ...flagsFor(profile)], {
    detached: true,
    stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
    // Nothing of ours: the environment holds secrets, and the home folder a person's files.
    env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: profile, LANG: "en_US.UTF-8" },
    cwd: profile,
  });
  let text = "";
  child.stderr?.on("data", (chunk: Buffer) => void (text = (text + chunk.toString("utf8")).slice(-maxLogCharacters)));
  // The third and fourth pipe are what --remote-debugging-pipe reads and writes.
  const output = child.stdio[4] as Readable;
  const devtools = createDevtoolsPipe(child.stdio[3] as Writable, output);
  // Also when what it says is cut off as too much: nobody could speak to it any more.
  output.once("close", () => killGroup(child.pid));
  const gone = new Promise<void>((resolve) => {
    const end = (): void => {
      devtools.end();
      rm(profile, { recursive: true, force: true, maxRetries: 5 }).then(resolve, () => resolve());
    };
    child.once("error", end);
    child.once("exit", end);
  });
  async function stop(): Promise<void> {
    const timer = setTimeout(() => killGroup(child.pid), stopMs);
    void devtools.send("Browser.close").catch(() => killGroup(child.pid));
    await gone;
    clearTimeout(timer);
  }
  const timer = setTimeout(() => killGroup(child.pid), startMs);
  try {
    const { product } = await devtools.send<{ product: string }>("Browser.getVersion");
    child.unref();
    return {
      devtools,
      version: product,
      pid: child.pid ?? 0,
      stop,
    };
  } catch (error) {
    await stop();
    log.warn({ err: error, output: text.slice(-1_000) }, "Chromium did not start.");
    throw new AppError("unavailable", "Chromium is installed but does not start.", {
      hint: "Start it by hand once to see why, or set SOPHIA_DATA_CHROMIUM to another program.",
      cause: error,
    });
  } finally {
    clearTimeout(timer);
  }
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}
