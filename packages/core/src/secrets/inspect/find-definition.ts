import { isMap, isNode, parseDocument } from "yaml";
import type { PropertyPath } from "../esc/property-path.ts";

/**
 * The definition at a path of the document in one spelling, however it is laid out; undefined where nothing stands, and
 * everywhere in a text that is no YAML.
 */
export function findDefinition(yaml: string): (path: PropertyPath) => string | undefined {
  const document = parseDocument(yaml, { uniqueKeys: false, logLevel: "silent" });
  return (path) => {
    if (!isMap(document.contents)) return undefined;
    const node: unknown = document.getIn(path, true);
    try {
      return isNode(node) ? JSON.stringify(node.toJS(document, { maxAliasCount: 100 })) : undefined;
    } catch {
      // An alias that leads nowhere, or to too much.
      return undefined;
    }
  };
}
