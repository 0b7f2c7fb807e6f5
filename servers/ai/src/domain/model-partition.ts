/** Where the entries of a partition lie, whose vectors are of this model. */
export function toModelPartition(partition: string, modelId: string): string {
  return `${partition} ${modelId}`;
}

/** The same for an entry that gets its vector from another model; `undefined`: it is none of ours. */
export function findModelPartition(entry: { partition: string; modelId: string }, next: string): string | undefined {
  const end = ` ${entry.modelId}`;
  return entry.partition.endsWith(end) ? toModelPartition(entry.partition.slice(0, -end.length), next) : undefined;
}
