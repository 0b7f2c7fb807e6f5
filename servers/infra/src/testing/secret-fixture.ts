import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@sophia/core/limits/clock";
import { createKeyring, createPartialKeyring, type Keyring } from "@sophia/core/secrets/backend/local/keyring";
import { createLocalBackend } from "@sophia/core/secrets/backend/local/local-backend";
import { shortFingerprint } from "@sophia/core/secrets/backend/local/short-fingerprint";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { EnvironmentId, SecretBackend } from "@sophia/core/secrets/backend/secret-backend";
import type { RotationStatus } from "@sophia/core/secrets/rotation/rotation-types";
import type { RequestedRotation, RotationRequest } from "@sophia/core/secrets/rotation-requests/rotation-requests";
import type { SecretDesk, VariableUse } from "../domain/secrets/secret-desk.ts";

/** Must be seen nowhere outside the store. */
export const canaries = [
  "canary-0f1e2d3c4b5a69788796a5b4c3d2e1f0",
  "canary-aa55aa55aa55aa55aa55aa55aa55aa55",
  "canary-eu-plain-region",
];
const [openrouterKey, githubToken, region] = canaries;

export interface SecretFixture {
  desk: SecretDesk;
  /** With the key of the whole installation. */
  owner: SecretBackend;
  requests: RotationRequest[];
  rotations: RotationStatus[];
  close(): void;
}

function id(name: string): EnvironmentId {
  return { project: "sophia", name };
}

const base = `values:\n  region: ${region}\n  size: 3\n`;
const ai = `imports: [sophia/base]
values:
  ai_intelligence:
    openrouter:
      OPENROUTER_API_KEY: { fn::secret: ${openrouterKey} }
  environmentVariables:
    OPENROUTER_API_KEY: \${ai_intelligence.openrouter.OPENROUTER_API_KEY}
`;
const infrastructure = `imports: [sophia/base]
values:
  infrastructure:
    github:
      GITHUB_TOKEN: { fn::secret: ${githubToken} }
  environmentVariables:
    GITHUB_TOKEN: \${infrastructure.github.GITHUB_TOKEN}
`;

export const texts = { base, ai, infrastructure };

/** A real store on disk: the desk has the key of the infrastructure's environments only, as the server has. */
export async function openSecretFixture(): Promise<SecretFixture> {
  const folder = mkdtempSync(join(tmpdir(), "sophia-infra-secrets-"));
  const root = createKeyring(new Uint8Array(32).fill(7));
  const open = (keyring: Keyring): SecretBackend =>
    createLocalBackend({ folder, keyring, author: "tester", clock: systemClock });
  const owner = open(root);
  const stored = {
    base,
    "ai-intelligence-development": ai,
    "infrastructure-development": infrastructure,
    "infrastructure-staging": infrastructure,
  };
  for (const [name, yaml] of Object.entries(stored)) {
    await owner.create(id(name));
    const written = await owner.update(id(name), yaml, { message: "Begin" });
    if (!written.kept) throw new Error(`${name}: ${JSON.stringify(written.diagnostics)}`);
  }
  const own = ["base", "infrastructure-development", "infrastructure-staging"].map(id);
  const keys = new Map(own.map((each) => [formatEnvironmentId(each), root.exportKey(each)]));
  const keyring = createPartialKeyring(keys, root.exportFingerprintKey());
  const requests: RotationRequest[] = [];
  const rotations: RotationStatus[] = [];
  const desk: SecretDesk = {
    backend: open(keyring),
    stage: "development",
    variables: [
      use("OPENROUTER_API_KEY", "openrouter", ["ai_intelligence", "ai-intelligence", "ai"]),
      use("GITHUB_TOKEN", "github", ["infrastructure", "infrastructure", "infra"]),
    ],
    fingerprint: (text) => shortFingerprint(keyring, text),
    rotations: async ({ name }) => rotations.filter(({ environment }) => environment.name === name),
    async requestRotation(request): Promise<RequestedRotation> {
      requests.push(request);
      return { requestId: "job-1", rotationId: "rotation-1" };
    },
  };
  return { desk, owner, requests, rotations, close: () => rmSync(folder, { recursive: true, force: true }) };
}

function use(variable: string, service: string, [group, environment, server]: [string, string, string]): VariableUse {
  return {
    variable,
    service,
    title: service,
    pageUrl: `https://${service}.example/keys`,
    isSecret: true,
    servers: [server],
    path: `${group}.${service}.${variable}`,
    isAutomatic: false,
    environmentOf: (stage) => id(`${environment}-${stage}`),
  };
}

/** A rotation that served a new value. */
export function fakeRotation(changes: Partial<RotationStatus> = {}): RotationStatus {
  return {
    id: "rotation-1",
    environment: id("infrastructure-development"),
    path: "infrastructure.github.GITHUB_TOKEN",
    service: "github",
    variable: "GITHUB_TOKEN",
    kind: "assisted",
    state: "succeeded",
    step: "retire",
    served: "new",
    actor: "tok_1",
    trigger: "person",
    preRevision: 2,
    postRevision: 3,
    oldFingerprint: undefined,
    newFingerprint: undefined,
    backupId: undefined,
    warnings: [],
    error: undefined,
    nextStep: "",
    createdAt: Date.UTC(2026, 10, 20),
    updatedAt: Date.UTC(2026, 10, 20),
    promotedAt: Date.UTC(2026, 10, 20),
    finishedAt: Date.UTC(2026, 10, 20),
    ...changes,
  };
}
