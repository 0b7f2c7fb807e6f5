import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { Writable } from "node:stream";
import { findPortOwner } from "@sophia/core/config/port-owner";
import { AppError, toAppError } from "@sophia/core/errors/app-error";
import type { Logger } from "pino";
import { LastLines } from "./last-lines.ts";
import { parseServerMessage } from "./messages.ts";
import type { RestartLimits } from "./restart-policy.ts";
import { restartDelayMs } from "./restart-policy.ts";

/** How to start one server. */
export interface ServerSpec {
  id: string;
  title: string;
  /** Path of its main.ts. */
  main: string;
  arguments: readonly string[];
  nodeFlags: readonly string[];
  /** Its whole environment. Nothing else is inherited. */
  environment: Readonly<Record<string, string>>;
  /** Opens its secrets. Handed over as file descriptor 4, which neither `ps` nor the environment shows. */
  credential?: string;
  host: string;
  port: number;
}

export type ServerState =
  | "stopped"
  | "starting"
  | "ready"
  | "draining"
  | "restarting"
  | "crash loop"
  | "misconfigured"
  | "port taken";

export interface ServerStatus {
  id: string;
  title: string;
  state: ServerState;
  pid: number | undefined;
  url: string | undefined;
  restarts: number;
  /** Why it last ended, in our words. */
  reason: string | undefined;
  /** The end of its stderr when it was given up, scrubbed. */
  lastLines: readonly string[];
}

export interface ServerProcessOptions {
  spec: ServerSpec;
  limits: RestartLimits;
  log: Logger;
  /** The Node 24 binary. */
  execPath: string;
  scrub(text: string): string;
  onChange(status: ServerStatus): void;
  onStderr(id: string, chunk: Buffer): void;
  /** It ended unasked; in our words why. */
  onCrash(id: string, reason: string): void;
  /** This server asks that a server be restarted. */
  onRestartRequest(from: string, server: string, planId: string): void;
}

/** sysexits.h EX_CONFIG: the server has named its mistakes on stderr, another start would only repeat them. */
const configurationExit = 78;
const checkMs = 250;

/** One server under supervision: started, watched by heartbeat, restarted, given up. */
export class ServerProcess {
  readonly #options: ServerProcessOptions;
  readonly #lines = new LastLines();
  #state: ServerState = "stopped";
  #child: ChildProcess | undefined;
  #ended = Promise.withResolvers<void>();
  #url: string | undefined;
  #restarts = 0;
  #crashes = 0;
  #reason: string | undefined;
  #killReason: string | undefined;
  #heardAt = 0;
  #startedAt = 0;
  #checkedAt = 0;
  #stopping = false;
  #requestedBy: string | undefined;
  #watch: NodeJS.Timeout | undefined;
  #restart: NodeJS.Timeout | undefined;

  constructor(options: ServerProcessOptions) {
    this.#options = options;
  }

  status(): ServerStatus {
    const { spec, scrub } = this.#options;
    const givenUp = this.#state === "crash loop" || this.#state === "misconfigured" || this.#state === "port taken";
    return {
      id: spec.id,
      title: spec.title,
      state: this.#state,
      pid: this.#child?.pid,
      url: this.#url,
      restarts: this.#restarts,
      reason: this.#reason,
      lastLines: givenUp ? this.#lines.read().map(scrub) : [],
    };
  }

  /** Starts the server unless somebody else has its port. */
  async start(): Promise<void> {
    const { host, port } = this.#options.spec;
    this.#set("starting");
    const owner = await findPortOwner(host, port).catch(toAppError);
    if (this.#stopping) return;
    if (owner instanceof AppError) this.#giveUp("misconfigured", owner.message);
    else if (owner.taken) this.#giveUp("port taken", `port ${port} is taken by ${owner.description}`);
    else this.#spawn();
  }

  #spawn(): void {
    const { spec, execPath } = this.#options;
    const child = fork(spec.main, [...spec.arguments], {
      execPath,
      // No inspector, whatever flags this process was started with.
      execArgv: ["--disable-sigusr1", ...spec.nodeFlags],
      env: { ...spec.environment },
      stdio: ["ignore", "ignore", "pipe", "ipc", ...(spec.credential === undefined ? [] : ["pipe" as const])],
      // A process group of its own: Ctrl-C reaches the supervisor alone, which then drains the servers.
      detached: true,
    });
    handOver(child, spec.credential);
    this.#child = child;
    this.#ended = Promise.withResolvers<void>();
    this.#startedAt = performance.now();
    this.#killReason = undefined;
    this.#lines.clear();
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#lines.add(chunk.toString("utf8"));
      this.#options.onStderr(spec.id, chunk);
    });
    child.on("message", (message) => this.#hear(child, message));
    // A send to a child that is going away is answered by its exit event.
    child.on("error", () => {});
    let ended = false;
    // `close` comes after the last of stderr, which tells why it crashed; a grandchild may hold stderr open for ever.
    const end = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (ended) return;
      ended = true;
      this.#end(child, code, signal);
    };
    child.once("close", end);
    child.once("exit", (code, signal) => setTimeout(end, 100, code, signal));
    this.#checkedAt = performance.now();
    this.#watch = setInterval(() => this.#check(child), checkMs);
  }

  /** SIGTERM, then SIGKILL after the grace. Resolves with whether it ended by itself with 0. */
  async stop(): Promise<boolean> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child === undefined) {
      this.#set("stopped");
      return true;
    }
    this.#set("draining");
    child.kill("SIGTERM");
    const timer = setTimeout(() => this.#kill(child, "did not finish its calls in time"), this.#options.limits.graceMs);
    await this.#ended.promise;
    clearTimeout(timer);
    return child.exitCode === 0;
  }

  /** Drains the server and starts it anew. That is no crash, and nothing when it is down or on its way already. */
  restart(reason: string): void {
    const child = this.#child;
    if (child === undefined || this.#stopping || this.#requestedBy !== undefined) return;
    this.#requestedBy = reason;
    child.kill("SIGTERM");
    const timer = setTimeout(() => this.#kill(child, "did not finish its calls in time"), this.#options.limits.graceMs);
    child.once("exit", () => clearTimeout(timer));
  }

  /** SIGKILL at once, to the whole group: nothing it started outlives it. */
  kill(): void {
    this.#stopping = true;
    clearTimeout(this.#restart);
    if (this.#child) this.#kill(this.#child, "killed");
  }

  #hear(child: ChildProcess, message: unknown): void {
    const parsed = parseServerMessage(message);
    if (parsed === undefined || child !== this.#child) return;
    this.#heardAt = performance.now();
    if (parsed.type === "ready" && this.#state === "starting") {
      this.#url = parsed.url;
      this.#set("ready");
    }
    if (parsed.type === "draining") this.#set("draining");
    if (parsed.type === "restart-request") {
      this.#options.onRestartRequest(this.#options.spec.id, parsed.server, parsed.planId);
    }
  }

  #check(child: ChildProcess): void {
    const now = performance.now();
    const { silenceMs, readyTimeoutMs, stableMs, graceMs } = this.#options.limits;
    // This process itself was paused (a laptop asleep, SIGSTOP): the silence was ours, not the child's.
    if (now - this.#checkedAt > silenceMs / 2) this.#heardAt = now;
    this.#checkedAt = now;
    // A process that ends cleanly is silent while Node writes its compile cache: up to 2 s on a slow disk.
    const allowedMs = this.#state === "draining" ? graceMs : silenceMs;
    const serving = this.#state === "ready" || this.#state === "draining";
    if (serving && now - this.#heardAt > allowedMs) {
      this.#kill(child, `gave no heartbeat for ${Math.round(now - this.#heardAt)} ms`);
    }
    if (this.#state === "starting" && now - this.#startedAt > readyTimeoutMs) {
      this.#kill(child, `was not ready after ${Math.round(readyTimeoutMs / 1_000)} s`);
    }
    if (this.#state === "ready" && now - this.#startedAt > stableMs) this.#crashes = 0;
  }

  #kill(child: ChildProcess, reason: string): void {
    if (child.exitCode !== null || child.signalCode !== null) return;
    this.#killReason = reason;
    killGroup(child);
  }

  #end(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    const { spec, log, limits } = this.#options;
    clearInterval(this.#watch);
    killGroup(child);
    this.#child = undefined;
    this.#url = undefined;
    this.#ended.resolve();
    if (this.#stopping) return this.#set("stopped");
    const requestedBy = this.#requestedBy;
    this.#requestedBy = undefined;
    if (requestedBy !== undefined) return this.#scheduleRestart(requestedBy, 0);
    const reason = this.#killReason ?? describeEnd(code, signal);
    this.#crashes += 1;
    log.warn({ child: spec.id, code, signal, reason, crashes: this.#crashes }, "server ended");
    this.#options.onCrash(spec.id, reason);
    if (code === configurationExit) return this.#giveUp("misconfigured", "its configuration is wrong");
    if (this.#crashes >= limits.maxCrashes) {
      return this.#giveUp("crash loop", `${this.#crashes} crashes in a row, the last one: it ${reason}`);
    }
    this.#scheduleRestart(reason, restartDelayMs(this.#crashes, limits, Math.random));
  }

  #scheduleRestart(reason: string, delayMs: number): void {
    const { spec, log } = this.#options;
    this.#set("restarting", reason);
    this.#restart = setTimeout(() => {
      this.#restarts += 1;
      log.info({ child: spec.id, reason, restarts: this.#restarts }, "server restarts");
      void this.start();
    }, delayMs);
  }

  #giveUp(state: "crash loop" | "misconfigured" | "port taken", reason: string): void {
    this.#set(state, reason);
    this.#options.log.error({ child: this.#options.spec.id, state, reason }, "server given up");
  }

  #set(state: ServerState, reason?: string): void {
    if (reason !== undefined) this.#reason = reason;
    this.#state = state;
    this.#options.onChange(this.status());
  }
}

function describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `exited with code ${code ?? "unknown"}` : `was ended by ${signal}`;
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // The group is already empty.
  }
}

function handOver(child: ChildProcess, credential: string | undefined): void {
  const pipe = child.stdio[4];
  if (credential === undefined || !(pipe instanceof Writable)) return;
  // A child that dies before it reads is told of by its exit.
  pipe.on("error", () => {});
  pipe.end(credential);
}
