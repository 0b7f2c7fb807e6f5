/** A field of a dataset's items. */
export interface ItemField {
  name: string;
  /** In the sample, most frequent first: `string`, `number`, `boolean`, `object`, `array`, `null`. */
  types: string[];
  /** Share of the sample's items that have it, 0 to 1. */
  presentShare: number;
  /** Of all items, where the vendor counts. */
  nullCount?: number;
  emptyCount?: number;
}

type Counts = Readonly<
  Record<string, { nullCount?: number | null | undefined; emptyCount?: number | null | undefined }>
>;

/** What a sample of items has in it: Actors publish no schema of what they find, or one that does not hold. */
export function inferFields(items: readonly Record<string, unknown>[], counts: Counts): ItemField[] {
  const seen = new Map<string, { types: Map<string, number>; present: number }>();
  for (const item of items) {
    for (const [name, value] of Object.entries(item)) {
      const field = seen.get(name) ?? { types: new Map<string, number>(), present: 0 };
      const type = typeOf(value);
      field.types.set(type, (field.types.get(type) ?? 0) + 1);
      field.present += 1;
      seen.set(name, field);
    }
  }
  return [...seen].map(([name, { types, present }]) => {
    const counted = Object.hasOwn(counts, name) ? counts[name] : undefined;
    return {
      name,
      types: [...types].sort((left, right) => right[1] - left[1]).map(([type]) => type),
      presentShare: present / items.length,
      ...(typeof counted?.nullCount === "number" && { nullCount: counted.nullCount }),
      ...(typeof counted?.emptyCount === "number" && { emptyCount: counted.emptyCount }),
    };
  });
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
