import type { IncomingHttpHeaders } from "node:http";
import { z } from "zod";

const Config = z.looseObject({
  cache: z.looseObject({ mode: z.enum(["simple", "semantic"]), max_age: z.number().optional() }).optional(),
  provider: z.string().optional(),
  virtual_key: z.string().optional(),
  targets: z.array(z.looseObject({ provider: z.string().optional(), virtual_key: z.string().optional() })).optional(),
});

/** What the `x-portkey-…` headers of one request ask for. https://portkey.ai/docs/api-reference/inference-api/headers */
export interface GatewayWish {
  provider: string;
  cacheMode: "simple" | "semantic" | undefined;
  refresh: boolean;
  namespace: string;
  traceId: string | undefined;
  metadata: Record<string, unknown>;
}

/** A text says what is wrong. A model may name its provider itself: `@openai/gpt-5`. */
export function readGatewayWish(headers: IncomingHttpHeaders, model: string): GatewayWish | string {
  const config = parseConfig(header(headers, "config"));
  if (config === null) return "Invalid config passed";
  const target = config?.targets?.[0];
  const named = /^@([\w-]+)\//.exec(model)?.[1];
  const keys = [header(headers, "virtual-key"), config?.virtual_key, target?.virtual_key];
  const provider = named ?? header(headers, "provider") ?? config?.provider ?? target?.provider ?? keys.find(Boolean);
  if (provider === undefined) {
    return "Either x-portkey-config or x-portkey-provider header is required";
  }
  const metadata = z.record(z.string(), z.unknown()).safeParse(parseJson(header(headers, "metadata") ?? "{}"));
  return {
    provider: provider.replace(/^@/, ""),
    cacheMode: config?.cache?.mode,
    refresh: header(headers, "cache-force-refresh") === "true",
    namespace: header(headers, "cache-namespace") ?? "",
    traceId: header(headers, "trace-id"),
    metadata: metadata.data ?? {},
  };
}

/** An id stands for a configuration that is kept there; the simulator's ones have nothing in them. */
function parseConfig(text: string | undefined): z.infer<typeof Config> | undefined | null {
  if (text === undefined) return undefined;
  if (text.startsWith("pc-")) return { provider: "openai" };
  return Config.safeParse(parseJson(text)).data ?? null;
}

function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[`x-portkey-${name}`];
  return Array.isArray(value) ? value[0] : value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
