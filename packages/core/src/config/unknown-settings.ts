import type { Environment } from "./parse-config.ts";
import { suggestName, suggestSetting } from "./suggest-name.ts";

export interface UnknownSetting {
  variable: string;
  /** What was probably meant. */
  suggestion: string | undefined;
}

const prefix = "SOPHIA_";

/** What Kubernetes tells every pod about a service called sophia-ai (docs: Service, environment variables). */
const serviceLink = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_\w+)$/;
const serviceLinkUrl = /^(?:tcp|udp|sctp):\/\//;

/** Variables with our prefix that are none of `known`. */
export function findUnknownSettings(environment: Environment, known: ReadonlySet<string>): UnknownSetting[] {
  const candidates = [...known].filter((name) => name.startsWith(prefix));
  return Object.keys(environment)
    .filter((name) => name.startsWith(prefix) && !known.has(name) && !isServiceLink(name, environment[name]))
    .map((name) => ({ variable: toPrintable(name), suggestion: suggestSetting(name, candidates) }));
}

function isServiceLink(name: string, value: string | undefined): boolean {
  return serviceLink.test(name) || serviceLinkUrl.test(value ?? "");
}

/**
 * Variables without our prefix, at most two slips away from one of `known` that is not set: keys that somebody
 * believes to have set. The first letter must agree: GH_TOKEN is not HF_TOKEN.
 */
export function findMisspeltKeys(environment: Environment, known: readonly string[]): UnknownSetting[] {
  const missing = known.filter((name) => (environment[name] ?? "").trim() === "");
  return Object.keys(environment)
    .filter((name) => !name.startsWith(prefix) && !known.includes(name))
    .flatMap((name) => {
      const suggestion = suggestName(
        name,
        missing.filter((candidate) => candidate[0] === name[0]),
      );
      return suggestion === undefined ? [] : [{ variable: toPrintable(name), suggestion }];
    });
}

function toPrintable(name: string): string {
  return name.replace(/[^\w]/g, "?").slice(0, 100);
}
