import type { EscRange } from "@sophia/core/secrets/esc/range";
import type { EscValue } from "@sophia/core/secrets/esc/value";
import { isEscNumber } from "@sophia/core/secrets/esc/value";
import type { JsonData } from "@sophia/core/secrets/esc/text/format-json";

/** The value with what is known about it: whether it is secret, whether only opening tells it, and where it comes from. */
export function toDetailed(value: EscValue, options: { reveal: boolean }): JsonData {
  const { secret, unknown, trace } = value;
  const isHidden = secret === true && !options.reveal;
  const origin: [string, JsonData][] = [["def", toPlainRange(trace.def)]];
  if (trace.base !== undefined) origin.push(["base", toDetailed(trace.base, options)]);
  const members: [string, JsonData][] = [];
  if (isHidden) members.push(["value", "[secret]"]);
  else if (unknown !== true) members.push(["value", toInner(value, options)]);
  if (secret === true) members.push(["secret", true]);
  if (unknown === true) members.push(["unknown", true]);
  return new Map([...members, ["trace", new Map(origin)]]);
}

function toInner({ value }: EscValue, options: { reveal: boolean }): JsonData {
  if (value === null || typeof value !== "object" || isEscNumber(value)) return value;
  if (value instanceof Map) {
    const entries = [...(value as ReadonlyMap<string, EscValue>)];
    return new Map(entries.map(([key, inner]) => [key, toDetailed(inner, options)]));
  }
  return (value as readonly EscValue[]).map((item) => toDetailed(item, options));
}

function toPlainRange({ environment, begin, end }: EscRange): JsonData {
  const position = ({ line, column, byte }: EscRange["begin"]): JsonData =>
    new Map(Object.entries({ line, column, byte }).map(([name, count]) => [name, { number: String(count) }]));
  return new Map<string, JsonData>([
    ...(environment === undefined ? [] : [["environment", environment] as const]),
    ["begin", position(begin)],
    ["end", position(end)],
  ]);
}
