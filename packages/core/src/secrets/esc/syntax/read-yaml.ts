import { CST, Parser } from "yaml";
import { isPlainBlock } from "./is-plain-block.ts";
import type { PositionIndex } from "./position-index.ts";
import { surveyTokens } from "./survey-tokens.ts";
import { findYamlError } from "./yaml-error.ts";
import type { YamlNode } from "./yaml-node.ts";

/** The first document of a text. `node` is missing when there is none; an `error` begins with "yaml: ". */
export interface YamlDocument {
  node?: YamlNode;
  error?: string;
  /** Where nesting went beyond the limit. */
  tooDeepAt?: { line: number; column: number };
}

interface Reader {
  positions: PositionIndex;
  anchors: Set<string>;
}

class UnknownAnchorError extends Error {}

/** Reads YAML without giving meaning to scalars. Never throws. */
export function readYaml(source: string, positions: PositionIndex, maxDepth: number): YamlDocument {
  try {
    return readFirstDocument(source, positions, maxDepth);
  } catch (thrown) {
    if (thrown instanceof UnknownAnchorError) return { error: `yaml: unknown anchor '${thrown.message}' referenced` };
    // A text that the parser itself stumbles over is one that cannot be read.
    return { error: "yaml: unknown problem parsing YAML content" };
  }
}

function readFirstDocument(source: string, positions: PositionIndex, maxDepth: number): YamlDocument {
  const tokens = [...new Parser().parse(source)];
  const document = tokens.find((token) => token.type === "document");
  const { tooDeepAt, lastQuoteAt } = surveyTokens(document, maxDepth);
  if (tooDeepAt !== undefined) return { tooDeepAt: positions.locate(tooDeepAt) };
  const error = isPlainBlock(source, tokens) ? undefined : findYamlError(source, tokens, { positions, lastQuoteAt });
  if (error !== undefined) return { error };
  if (document?.type !== "document") return {};
  const node = readDocument({ positions, anchors: new Set() }, document);
  return node === undefined ? {} : { node };
}

/** Tag, anchor and first offset of what stands before a node. */
interface Properties {
  tag?: string;
  anchor?: string;
  offset?: number;
}

function readDocument(reader: Reader, document: CST.Document): YamlNode | undefined {
  const properties = readProperties(document.start);
  if (document.value === undefined) {
    const marker = document.start.find((token) => token.type === "doc-start");
    if (marker === undefined && properties.offset === undefined) return undefined;
    return emptyScalar(reader, (marker?.offset ?? 0) + 3, properties);
  }
  return readNode(reader, document.value, properties);
}

function readProperties(tokens: readonly CST.SourceToken[]): Properties {
  const properties: Properties = {};
  for (const { type, source, offset } of tokens) {
    if (type === "tag" && source !== "!") properties.tag = shortTag(source);
    if (type === "anchor") properties.anchor = source.slice(1);
    if (type === "tag" || type === "anchor") properties.offset ??= offset;
  }
  return properties;
}

function shortTag(source: string): string {
  const verbatim = /^!<(.*)>$/.exec(source);
  const tag = verbatim?.[1] ?? source;
  return tag.startsWith("tag:yaml.org,2002:") ? `!!${tag.slice("tag:yaml.org,2002:".length)}` : tag;
}

function readNode(reader: Reader, token: CST.Token, properties: Properties): YamlNode {
  if (properties.anchor !== undefined) reader.anchors.add(properties.anchor);
  const base = (offset: number): Omit<YamlNode, "kind"> => ({
    ...reader.positions.locate(properties.offset ?? offset),
    value: "",
    style: "plain",
    content: [],
    ...(properties.tag === undefined ? {} : { tag: properties.tag }),
  });
  switch (token.type) {
    case "alias": {
      const name = token.source.slice(1);
      if (!reader.anchors.has(name)) throw new UnknownAnchorError(name);
      return { ...base(token.offset), kind: "alias", value: name };
    }
    case "scalar":
    case "single-quoted-scalar":
    case "double-quoted-scalar": {
      const value = CST.resolveAsScalar(token, false, ignoreError)?.value ?? "";
      return { ...base(token.offset), kind: "scalar", value, style: token.type === "scalar" ? "plain" : "quoted" };
    }
    case "block-scalar":
      return readBlockScalar(token, base);
    case "block-map":
      return { ...base(startOfMap(token)), kind: "mapping", content: readPairs(reader, token) };
    case "block-seq":
      return { ...base(token.offset), kind: "sequence", content: readItems(reader, token) };
    case "flow-collection":
      return token.start.type === "flow-map-start"
        ? { ...base(token.offset), kind: "mapping", content: readPairs(reader, token) }
        : { ...base(token.offset), kind: "sequence", content: readItems(reader, token) };
    default:
      return { ...base("offset" in token ? token.offset : 0), kind: "scalar" };
  }
}

/** Errors have been looked for before; what is left are warnings. */
function ignoreError(): void {}

function readBlockScalar(token: CST.BlockScalar, base: (offset: number) => Omit<YamlNode, "kind">): YamlNode {
  const header = token.props.find((property) => property.type === "block-scalar-header");
  const isLiteral = header !== undefined && "source" in header && header.source.startsWith("|");
  let value = CST.resolveAsScalar(token, false, ignoreError)?.value ?? "";
  // A last line that no line feed ends has none.
  if (/[^ \n][^\n]*$/.test(token.source) && value.endsWith("\n")) value = value.slice(0, -1);
  const offset = header !== undefined && "offset" in header ? header.offset : token.offset;
  return { ...base(offset), kind: "scalar", value, style: isLiteral ? "literal" : "folded" };
}

/** A block mapping starts where its first key does, the key's own anchor and tag included. */
function startOfMap(token: CST.BlockMap): number {
  const first = token.items[0];
  if (first === undefined) return token.offset;
  const marker = first.start.find(({ type }) => type === "explicit-key-ind" || type === "anchor" || type === "tag");
  if (marker !== undefined) return marker.offset;
  if (first.key && "offset" in first.key) return first.key.offset;
  return first.sep?.find(({ type }) => type === "map-value-ind")?.offset ?? token.offset;
}

type Collection = CST.BlockMap | CST.BlockSequence | CST.FlowCollection;
type Item = Collection["items"][number];

function readPairs(reader: Reader, token: CST.BlockMap | CST.FlowCollection): YamlNode[] {
  const content: YamlNode[] = [];
  token.items.forEach((item, index) => {
    if (isEmptyItem(item)) return;
    content.push(...readPair(reader, { token, index, item }));
  });
  return content;
}

function isEmptyItem({ start, key, sep, value }: Item): boolean {
  const marks = start.some(({ type }) => type === "explicit-key-ind" || type === "anchor" || type === "tag");
  return !marks && !key && !value && (sep === undefined || sep.length === 0);
}

interface ItemPlace {
  token: Collection;
  index: number;
  item: Item;
}

function readPair(reader: Reader, place: ItemPlace): [YamlNode, YamlNode] {
  const { item } = place;
  const keyProperties = readProperties(item.start);
  const colon = item.sep?.find(({ type }) => type === "map-value-ind");
  const keyToken = item.key ?? (item.sep === undefined ? item.value : undefined);
  const questionMark = item.start.find(({ type }) => type === "explicit-key-ind");
  const key = keyToken
    ? readNode(reader, keyToken, keyProperties)
    : emptyScalar(reader, questionMark ? questionMark.offset + 1 : (colon?.offset ?? endOfItem(place)), keyProperties);
  const valueProperties = readProperties(item.sep ?? []);
  if (item.value && item.sep !== undefined) {
    return [key, readNode(reader, item.value, valueProperties)];
  }
  const isBlock = place.token.type === "block-map";
  const offset = isBlock && colon !== undefined ? colon.offset + 1 : endOfItem(place);
  return [key, emptyScalar(reader, offset, valueProperties)];
}

/** Where the scanner stands after an item: at the next comma, key or closing bracket. */
function endOfItem({ token, index }: ItemPlace): number {
  const next = token.items[index + 1];
  const comma = next?.start.find(({ type }) => type === "comma");
  if (comma !== undefined) return comma.offset;
  if (next?.key && "offset" in next.key) return next.key.offset;
  return token.type === "flow-collection" ? (token.end[0]?.offset ?? token.offset) : token.offset;
}

function readItems(reader: Reader, token: CST.BlockSequence | CST.FlowCollection): YamlNode[] {
  const content: YamlNode[] = [];
  token.items.forEach((item, index) => {
    if (token.type === "flow-collection" && isEmptyItem(item)) return;
    if (item.sep !== undefined) {
      const pair = readPair(reader, { token, index, item });
      content.push({ ...pair[0], kind: "mapping", value: "", style: "plain", content: pair });
      return;
    }
    const dash = item.start.find(({ type }) => type === "seq-item-ind");
    if (token.type === "block-seq" && dash === undefined) return;
    const properties = readProperties(item.start);
    content.push(
      item.value
        ? readNode(reader, item.value, properties)
        : emptyScalar(reader, (dash?.offset ?? token.offset) + 1, properties),
    );
  });
  return content;
}

function emptyScalar(reader: Reader, offset: number, properties: Properties): YamlNode {
  if (properties.anchor !== undefined) reader.anchors.add(properties.anchor);
  return {
    ...reader.positions.locate(properties.offset ?? offset),
    kind: "scalar",
    value: "",
    style: "plain",
    content: [],
    ...(properties.tag === undefined ? {} : { tag: properties.tag }),
  };
}
