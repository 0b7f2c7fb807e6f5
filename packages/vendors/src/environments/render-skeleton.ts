import {
  baseEnvironment,
  composedEnvironment,
  groupEnvironment,
  rotationEnvironment,
  secretGroups,
  type Stage,
  storesEnvironment,
} from "@sophia/core/secrets/settings/group-environments";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { EnvironmentId } from "@sophia/core/secrets/backend/secret-backend";
import type { VariablePlace } from "./variable-places.ts";

const rotationPurpose =
  "Administrators' credentials, for `secrets rotate`. No server opens it, and nothing imports it.";
const rotationValues = `values:
  # postgresql.administrator (secret): URL of a role that may make and change Sophia's roles (CREATEROLE).
  # redis.administrator (secret): URL of a user that may use ACL.
  {}
`;

/** One environment before anybody has put a value into it. */
export interface EnvironmentSkeleton {
  id: EnvironmentId;
  yaml: string;
}

/**
 * The environments of one stage, each after those that it imports. Comments tell what may be set in them. `locate` gives
 * the names that they have in another store.
 */
export function renderSkeleton(
  places: readonly VariablePlace[],
  stage: Stage,
  locate: (id: EnvironmentId) => EnvironmentId = (id) => id,
): readonly EnvironmentSkeleton[] {
  const bases = [baseEnvironment, storesEnvironment(stage)].map(locate);
  const groups = secretGroups.map((group) => {
    const own = places.filter((place) => place.group?.server === group.server);
    return {
      id: locate(groupEnvironment(group, stage)),
      yaml: renderEnvironment(`${group.title}: what its server may open.`, bases, renderValues(group.key, own)),
    };
  });
  const shared = places.filter(({ group }) => group === undefined);
  return [
    { id: locate(baseEnvironment), yaml: renderEnvironment("What all stages share.", [], "values: {}\n") },
    {
      id: locate(storesEnvironment(stage)),
      yaml: renderEnvironment("What all servers of this stage share.", [], renderValues("stores", shared)),
    },
    ...groups,
    { id: locate(rotationEnvironment(stage)), yaml: renderEnvironment(rotationPurpose, [], rotationValues) },
    {
      id: locate(composedEnvironment(stage)),
      yaml: renderEnvironment(
        "All of the above, for people and for doctor. No server opens it.",
        groups.map(({ id }) => id),
        "",
      ),
    },
  ];
}

function renderEnvironment(purpose: string, imports: readonly EnvironmentId[], values: string): string {
  const list = imports.map((id) => `  - ${formatEnvironmentId(id)}\n`).join("");
  return `# ${purpose}\n${list === "" ? "" : `imports:\n${list}`}${values}`;
}

function renderValues(key: string, places: readonly VariablePlace[]): string {
  const owners = Map.groupBy(places, ({ service }) => service);
  const comments = [...owners.values()].map(renderOwner).join("");
  return `values:\n  # \`sophia secrets set NAME\` puts a value here and its name under environmentVariables.\n${comments}  ${key}: {}\n  environmentVariables: {}\n`;
}

function renderOwner(places: readonly VariablePlace[]): string {
  const [{ service, title, docsUrl } = { service: "", title: "", docsUrl: undefined }] = places;
  const heading = `  # ${service}: ${title}${docsUrl === undefined ? "" : `, ${docsUrl}`}\n`;
  return heading + places.map(renderPlace).join("");
}

function renderPlace({ variable, isSecret, description }: VariablePlace): string {
  return `  #   ${variable}${isSecret ? " (secret)" : ""}: ${description}\n`;
}
