import { isSecretSchema } from "@sophia/core/config/parse-config";
import type { AnyService } from "@sophia/core/config/service";
import type { z } from "zod";
import { computeModes } from "./registry.ts";

const bareMachine = { modelEndpoints: [], dockerAnswers: false };

/** Markdown table of services: what each is for, which variables make it live, and what happens without them. */
export function renderServiceTable(services: readonly AnyService[]): string {
  const withoutAccount = new Map(
    computeModes({ config: {}, facts: bareMachine, simulate: true }).map((status) => [status.id, status.mode]),
  );
  const rows = services.map((service) => {
    const mode = withoutAccount.get(service.id) ?? "off";
    return [
      `[${service.title}](${service.docsUrl})`,
      service.purpose,
      listKeyVariables(service),
      mode,
      service.served.join(", ") || "planned",
    ];
  });
  const lines = [
    ["service", "for", "live with", "without", "in this release"],
    ["---", "---", "---", "---", "---"],
    ...rows,
  ];
  return `${lines.map((cells) => `| ${cells.map(escapeCell).join(" | ")} |`).join("\n")}\n`;
}

/** Its secrets, or all its variables when none is secret. */
function listKeyVariables(service: AnyService): string {
  const fields = Object.entries((service.config as z.ZodObject).shape);
  const secrets = fields.filter(([, field]) => isSecretSchema(field));
  return (secrets.length > 0 ? secrets : fields).map(([name]) => `\`${name}\``).join(", ");
}

function escapeCell(text: string): string {
  return text.replaceAll("|", String.raw`\|`);
}
