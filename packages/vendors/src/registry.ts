import type { AnyService, EnvironmentFacts, Mode, ServiceGroup } from "@sophia/core/config/service";
import { apify } from "./apify/service.ts";
import { arize } from "./arize/service.ts";
import { docker } from "./docker/service.ts";
import { github } from "./github/service.ts";
import { huggingface } from "./huggingface/service.ts";
import { lambda } from "./lambda/service.ts";
import { openrouter } from "./openrouter/service.ts";
import { phantombuster } from "./phantombuster/service.ts";
import { pinecone } from "./pinecone/service.ts";
import { portkey } from "./portkey/service.ts";
import { postgresql } from "./postgresql/service.ts";
import { pulumi } from "./pulumi/service.ts";
import { pulumiEsc } from "./pulumi-esc/service.ts";
import { redis } from "./redis/service.ts";
import { snowflake } from "./snowflake/service.ts";
import { tavily } from "./tavily/service.ts";
import { together } from "./together/service.ts";
import { twingly } from "./twingly/service.ts";
import { zenrows } from "./zenrows/service.ts";

/** All 19 services, in the order people see them. */
export const services: readonly AnyService[] = [
  arize,
  openrouter,
  portkey,
  huggingface,
  together,
  apify,
  phantombuster,
  twingly,
  tavily,
  zenrows,
  pulumi,
  pulumiEsc,
  lambda,
  docker,
  github,
  snowflake,
  pinecone,
  postgresql,
  redis,
];

export interface ServiceStatus {
  id: string;
  title: string;
  group: ServiceGroup;
  /** Whether tools of this release reach the service in this mode. */
  served: boolean;
  /** No tool of this release reaches it, whatever its mode. */
  planned: boolean;
  mode: Mode;
  reason: string;
  /** How to reach `live`; empty when nothing needs doing. */
  fix: string;
  docsUrl: string;
}

/** Parsed variables of all services, named as in the environment. */
export type ServiceConfig = Readonly<Record<string, unknown>>;

/** The mode of every service. Pure: what it says follows from its arguments alone. */
export function computeModes(context: {
  config: ServiceConfig;
  facts: EnvironmentFacts;
  simulate: boolean;
}): ServiceStatus[] {
  return services.map((service) => {
    const { id, title, group, docsUrl } = service;
    const report = service.modes(context);
    const served = service.served.includes(report.mode);
    const planned = service.served.length === 0;
    const isLiveLater = report.fix !== "" && !planned && !service.served.includes("live");
    const fix = isLiveLater ? `${report.fix}; no tool of this release reaches ${title} live yet` : report.fix;
    return { id, title, group, docsUrl, ...report, fix, served, planned };
  });
}
