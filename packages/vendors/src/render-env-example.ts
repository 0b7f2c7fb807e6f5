import { isSecretSchema } from "@sophia/core/config/parse-config";
import type { AnyService } from "@sophia/core/config/service";
import type { z } from "zod";

/** A heading with the variables under it. */
export interface SettingsSection {
  title: string;
  /** Where the values come from. */
  docsUrl?: string;
  /** What holds for all of them. */
  note?: string;
  settings: z.ZodObject;
}

/**
 * Text of an `.env.example`: every variable once, described, commented out, with its default where it has one. A
 * variable that several sections share stands in the first.
 */
export function renderEnvExample(sections: readonly SettingsSection[]): string {
  const written = new Set<string>();
  const blocks = sections.flatMap((section) => {
    const fields = Object.entries(section.settings.shape).filter(([name]) => !written.has(name));
    for (const [name] of fields) written.add(name);
    if (fields.length === 0) return [];
    const heading = section.docsUrl === undefined ? `## ${section.title}` : `## ${section.title}: ${section.docsUrl}`;
    const note = section.note === undefined ? [] : [`# ${section.note}`];
    return [[heading, ...note, ...fields.map(([name, field]) => renderVariable(name, field))].join("\n")];
  });
  return `${blocks.join("\n\n")}\n`;
}

/** The services as sections, in the order of the registry. */
export function listServiceSections(services: readonly AnyService[]): SettingsSection[] {
  return services.map(({ title, docsUrl, config }) => ({ title, docsUrl, settings: config as z.ZodObject }));
}

function renderVariable(name: string, field: z.core.$ZodType): string {
  const description = (field as z.ZodType).description ?? "";
  return `# ${description}\n#${name}=${isSecretSchema(field) ? "" : readDefault(field)}`;
}

function readDefault(field: z.core.$ZodType): string {
  const definition = field._zod.def as { type: string; defaultValue?: unknown };
  const value = definition.type === "default" ? definition.defaultValue : undefined;
  if (Array.isArray(value)) return value.join(",");
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}
