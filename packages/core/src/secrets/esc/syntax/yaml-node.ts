/** A node as a YAML 1.1 parser reports it, before its scalars mean anything. */
export interface YamlNode {
  kind: "scalar" | "mapping" | "sequence" | "alias";
  line: number;
  column: number;
  /** Text of a scalar, name of an alias. */
  value: string;
  style: "plain" | "quoted" | "literal" | "folded";
  /** The short form of an explicit tag, e.g. `!!str`. */
  tag?: string;
  /** Items, or keys and values in turn. */
  content: YamlNode[];
}
