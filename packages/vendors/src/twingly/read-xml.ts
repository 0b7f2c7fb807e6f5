import { Parser } from "htmlparser2";

export interface XmlElement {
  name: string;
  attributes: Readonly<Record<string, string>>;
  /** Of this element itself, trimmed; as it stands there, so that long numbers keep their digits. */
  text: string;
  children: XmlElement[];
}

/** The vendor's answers are 4 deep and have some 40 elements for each of at most 5,000 posts. */
const maxDepth = 16;
const maxElements = 500_000;

/**
 * A whole XML document → its root. Throws SyntaxError for a document type, so that no entity of the document's own can
 * be declared, for what is cut or nested wrongly, and beyond the limits. The error never quotes the text.
 */
export function readXml(text: string): XmlElement {
  const open: XmlElement[] = [];
  let root: XmlElement | undefined;
  let count = 0;
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        const element: XmlElement = { name, attributes, text: "", children: [] };
        count += 1;
        if (count > maxElements) throw new SyntaxError("too many elements");
        if (open.length >= maxDepth) throw new SyntaxError("nested too deep");
        if (open.length === 0 && root) throw new SyntaxError("more than one root");
        root ??= element;
        open.at(-1)?.children.push(element);
        open.push(element);
      },
      ontext(part) {
        const element = open.at(-1);
        if (element) element.text += part;
        else if (part.trim().replace(/^\uFEFF/, "") !== "") throw new SyntaxError("text outside the root");
      },
      onclosetag(_name, isImplied) {
        const isSelfClosed = text.charCodeAt(parser.endIndex - 1) === slash && text[parser.endIndex] === ">";
        if (isImplied && !isSelfClosed) throw new SyntaxError("an element is not closed");
        const element = open.pop();
        if (element) element.text = element.text.trim();
      },
      onprocessinginstruction(name) {
        if (name.startsWith("!")) throw new SyntaxError("a document type");
      },
    },
    { xmlMode: true, decodeEntities: true },
  );
  parser.end(text);
  if (!root) throw new SyntaxError("no element");
  return root;
}

const slash = 0x2f;
