import type { Configuration, EscRawApi } from "@pulumi/esc-sdk";
import type { HttpMethod } from "@sophia/core/http/http";
import type { EscAnswer, EscRequest, EscTransport } from "./esc-transport.ts";

/** What a raw call may be told beside its arguments. */
export interface RawCallOptions {
  headers?: Record<string, string>;
  query?: Record<string, string | number | undefined>;
  answers?: readonly number[];
  signal?: AbortSignal | undefined;
}

/** The SDK's generated calls. It keeps no token: the transport adds that. */
export interface RawApi {
  call(work: (api: EscRawApi, options: object) => Promise<unknown>, options?: RawCallOptions): Promise<EscAnswer>;
}

/** What the SDK asks of axios: it hands over each request, finished. */
interface SdkRequest extends RawCallOptions {
  url: string;
  method: string;
  data?: unknown;
}

interface Sdk {
  Configuration: typeof Configuration;
  EscRawApi: typeof EscRawApi;
}

/**
 * `EscRawApi` over our own transport. Its wrapper `EscApi` is not used: it drops the port of a base URL, loses flags and
 * traces, and knows no ETag. Loaded at the first call: the SDK brings axios and two YAML libraries along.
 */
export function createRawApi(transport: EscTransport): RawApi {
  let loading: Promise<Sdk> | undefined;

  return {
    async call(work, options = {}) {
      const sdk = await (loading ??= import("@pulumi/esc-sdk"));
      let answer: Promise<EscAnswer> | undefined;
      // The SDK's own type of an axios instance has dozens of members; these two are what it uses.
      const axios = {
        defaults: {},
        request: (request: SdkRequest) => (answer = transport(toEscRequest(request))),
      };
      const configuration = new sdk.Configuration({ basePath: "" });
      const api = new sdk.EscRawApi(configuration, "", axios as never);
      await work(api, { ...options });
      if (answer === undefined) throw new TypeError("The SDK sent nothing.");
      return await answer;
    },
  };
}

function toEscRequest(request: SdkRequest): EscRequest {
  return {
    method: request.method as HttpMethod,
    path: request.url,
    ...(request.headers !== undefined && { headers: request.headers }),
    ...(typeof request.data === "string" && request.data !== "" && { body: request.data }),
    ...(request.query !== undefined && { query: request.query }),
    ...(request.answers !== undefined && { answers: request.answers }),
    ...(request.signal !== undefined && { signal: request.signal }),
  };
}
