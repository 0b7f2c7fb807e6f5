import { isEscNumber } from "@sophia/core/secrets/esc/value";
import { sortKeys } from "./sort-keys.ts";
import { stringify } from "yaml";
import type { Scalar, ScalarTag } from "yaml";
import type { JsonData } from "@sophia/core/secrets/esc/text/format-json";

/** A number as it was written; the library would print what JavaScript makes of it. */
class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const numberTag: ScalarTag = {
  tag: "tag:yaml.org,2002:float",
  default: true,
  identify: (value) => value instanceof NumberText,
  resolve: (text) => text,
  test: /^\b$/,
  stringify: ({ value }: Scalar) => (value as NumberText).text,
};

export function formatYaml(value: JsonData): string {
  return stringify(toYaml(value), { customTags: (tags) => [numberTag, ...tags], lineWidth: 0 }).trimEnd();
}

function toYaml(value: JsonData): unknown {
  if (isEscNumber(value)) return new NumberText(value.number);
  if (value instanceof Map) {
    const entries = sortKeys(value as ReadonlyMap<string, JsonData>);
    return new Map(entries.map(([key, inner]) => [key, toYaml(inner)]));
  }
  return Array.isArray(value) ? (value as readonly JsonData[]).map(toYaml) : value;
}
