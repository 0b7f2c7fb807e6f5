import { AppError } from "@sophia/core/errors/app-error";
import type { Http, HttpRequest } from "@sophia/core/http/http";
import { z } from "zod";
import { negotiateApiVersion } from "./api-version.ts";
import type { DockerEndpoint } from "./endpoint.ts";
import { explainEngineFailure } from "./engine-failure.ts";
import { EngineVersionAnswer } from "./schema.ts";
import type { EngineVersion } from "./schema.ts";

/**
 * All that Sophia ever asks of an Engine. Access to its socket is root on the machine, so what is not in this table
 * cannot be sent: no exec, no create, no delete, no build.
 */
const operations = {
  info: { method: "GET", path: "/info" },
  listContainers: { method: "GET", path: "/containers/json" },
  inspect: { method: "GET", path: "/containers/{id}/json" },
  logs: { method: "GET", path: "/containers/{id}/logs" },
  stats: { method: "GET", path: "/containers/{id}/stats" },
  listImages: { method: "GET", path: "/images/json" },
  listVolumes: { method: "GET", path: "/volumes" },
  events: { method: "GET", path: "/events" },
  restart: { method: "POST", path: "/containers/{id}/restart" },
} as const;

export interface EngineCall {
  operation: keyof typeof operations;
  id?: string;
  query?: Record<string, string>;
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
}

export interface EngineConnection {
  http: Http;
  endpoint: DockerEndpoint;
}

/** Calls under the negotiated API version. */
export interface EngineCalls {
  version(signal?: AbortSignal): Promise<EngineVersion>;
  json<Answer>(schema: z.ZodType<Answer>, call: EngineCall): Promise<Answer>;
  bytes(call: EngineCall): Promise<Buffer>;
  act(call: EngineCall): Promise<void>;
  close(): Promise<void>;
}

const defaultTimeoutMs = 5_000;
const versionTimeoutMs = 2_000;
const Bytes = z.instanceof(Buffer);

/** `connect` runs at the first call and again after it threw. */
export function createEngineCalls(connect: () => EngineConnection): EngineCalls {
  let connection: EngineConnection | undefined;
  let negotiated: Promise<string> | undefined;

  /** A replaced Engine may speak another version, so any failure makes the next call negotiate anew. */
  async function send<Answer>(request: HttpRequest<Answer>): Promise<Answer> {
    const { http, endpoint } = (connection ??= connect());
    try {
      return (await http.request(request)).data;
    } catch (error) {
      negotiated = undefined;
      throw explainEngineFailure(error, endpoint);
    }
  }

  function version(signal?: AbortSignal): Promise<EngineVersion> {
    const request = {
      path: "/version",
      operation: "version",
      timeoutMs: versionTimeoutMs,
      schema: EngineVersionAnswer,
    };
    return send({ ...request, ...(signal && { signal }) });
  }

  async function prepare(call: EngineCall) {
    // Without the caller's signal: others may be waiting for the same answer.
    negotiated ??= version().then(negotiateApiVersion);
    const apiVersion = await negotiated;
    const { method, path } = operations[call.operation];
    return {
      method,
      path: `/v${apiVersion}${fillPath(path, call.id)}`,
      operation: call.operation,
      timeoutMs: call.timeoutMs ?? defaultTimeoutMs,
      ...(call.query && { query: call.query }),
      ...(call.signal && { signal: call.signal }),
    };
  }

  return {
    version,
    close: async () => connection?.http.close(),
    json: async (schema, call) => send({ ...(await prepare(call)), schema }),
    bytes: async (call) => send({ ...(await prepare(call)), schema: Bytes, as: "bytes" }),
    act: async (call) => {
      await send({ ...(await prepare(call)), schema: z.unknown(), as: "text", idempotent: false });
    },
  };
}

/** Docker's own grammar for names and ids; everything else could leave its place in the path. */
const containerReference = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/;

function fillPath(template: string, id: string | undefined): string {
  if (!template.includes("{id}")) return template;
  if (id === undefined || !containerReference.test(id)) {
    throw new AppError("invalid_input", "This is not a container name or id.", {
      service: "docker",
      hint: "Use a name or id that list_resources with kind containers shows.",
    });
  }
  return template.replace("{id}", id);
}
