import type { EnvironmentId } from "../backend/secret-backend.ts";

export const stages = ["production", "staging", "development"] as const;
/** Which copy of the company's platform: each has environments, and secrets, of its own. */
export type Stage = (typeof stages)[number];

/** The project that holds Sophia's own environments. */
export const ownProject = "sophia";

/** Groups of secrets. A server's credential opens its own group, with the bases that it imports, and no other. */
export const secretGroups = [
  { key: "ai_intelligence", environment: "ai-intelligence", server: "ai", title: "AI Intelligence" },
  { key: "data_intelligence", environment: "data-intelligence", server: "data", title: "Data Intelligence" },
  { key: "infrastructure", environment: "infrastructure", server: "infra", title: "Infrastructure Copilot" },
  { key: "business_intelligence", environment: "business-intelligence", server: "bi", title: "Business Intelligence" },
] as const;
export type SecretGroup = (typeof secretGroups)[number];

/** What all stages share. */
export const baseEnvironment: EnvironmentId = { project: ownProject, name: "base" };

/** What all servers of a stage share: PostgreSQL, Redis, and the platform's own settings. */
export function storesEnvironment(stage: Stage): EnvironmentId {
  return { project: ownProject, name: `stores-${stage}` };
}

/** Administrators' credentials, which rotation needs. No server opens it, and nothing imports it. */
export function rotationEnvironment(stage: Stage): EnvironmentId {
  return { project: ownProject, name: `rotation-${stage}` };
}

export function groupEnvironment(group: SecretGroup, stage: Stage): EnvironmentId {
  return { project: ownProject, name: `${group.environment}-${stage}` };
}

/** Imports the four groups: for people and for `doctor`. No server opens it. */
export function composedEnvironment(stage: Stage): EnvironmentId {
  return { project: ownProject, name: `sophia-ai-${stage}` };
}
