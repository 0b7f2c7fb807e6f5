import type { z } from "zod";
import type { KeyProbe, Rotator } from "../secrets/rotation/rotator.ts";

/** How a service is reached. Every service is always in exactly one mode. */
export type Mode = "live" | "local" | "simulated" | "off";

export type ServiceGroup = "ai" | "data" | "infra" | "bi" | "store";

/** What was found on this machine at start, beside the configuration. */
export interface EnvironmentFacts {
  /** Base URLs of OpenAI-compatible or TEI endpoints that answered on localhost. */
  modelEndpoints: readonly string[];
  /** The Docker Engine's socket or `DOCKER_HOST` answered. */
  dockerAnswers: boolean;
  /** Path of the Pulumi CLI. */
  pulumiCli?: string;
  /** Path of a Git clone on this machine. */
  gitClone?: string;
}

export interface ModeContext<Config> {
  config: Config;
  facts: EnvironmentFacts;
  /** `SOPHIA_SIMULATE`: may a service without an account be simulated? */
  simulate: boolean;
}

/** The mode with the reason for it. `fix` says how to reach `live`; it is empty when nothing needs doing. */
export interface ModeReport {
  mode: Mode;
  reason: string;
  fix: string;
}

/** The shape of a vendor's key, to recognise it in an `.env` file and to warn about a key in the wrong variable. */
export interface KeyShape {
  variable: string;
  pattern: RegExp;
  /** No other vendor's keys look like this: the shape alone tells whose key it is. */
  isDistinct: boolean;
}

/** One of the 19 services, as doctor, the `.env.example`, monitoring and the README's tables see it. */
export interface ServiceDefinition<Config extends z.ZodObject = z.ZodObject> {
  id: string;
  title: string;
  group: ServiceGroup;
  /** One line: what Sophia uses it for. */
  purpose: string;
  /** The modes in which tools of this release reach the service; none while it is only planned. */
  served: readonly Mode[];
  /** The page where the key is made. */
  docsUrl: string;
  config: Config;
  keyShape: readonly KeyShape[];
  modes(context: ModeContext<z.output<Config>>): ModeReport;
  /** Exchanges this service's secret by itself; without one a person makes the new key at `docsUrl`. */
  rotator?: Rotator;
  /** Tells whether a key that a person made works. */
  probeKey?: KeyProbe;
}

/** A service in a list, the type of its configuration erased: modes are computed from its own schema's output. */
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyService = ServiceDefinition<any>;

export function defineService<Config extends z.ZodObject>(
  service: ServiceDefinition<Config>,
): ServiceDefinition<Config> {
  return service;
}
