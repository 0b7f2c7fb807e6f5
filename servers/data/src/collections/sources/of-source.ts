import { AppError } from "@sophia/core/errors/app-error";
import type { Item, ItemOf } from "../collection-spec.ts";

/** The item of a source, which only ever gets its own. */
export function ofSource<Name extends Item["source"]>(item: Item, name: Name): ItemOf<Name> {
  if (item.source === name) return item as ItemOf<Name>;
  throw new AppError("internal", `An item of ${item.source} was given to ${name}.`);
}
