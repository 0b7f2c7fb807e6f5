import { AppError } from "@sophia/core/errors/app-error";
import { fromResponse, type VendorFailure } from "@sophia/core/http/failures";
import { z } from "zod";
import { readXml, type XmlElement } from "./read-xml.ts";

/**
 * An XML answer as `twinglydata`. An error of the vendor's is thrown as the AppError it stands for, whatever its HTTP
 * status was; a page of the load balancer's, or half an answer, is not of this form.
 */
export const TwinglyData = z.string().transform((text, context): XmlElement => {
  const root = read(text);
  if (root?.name === "twinglydata") return root;
  const code = root && readErrorCode(root);
  if (code !== undefined) {
    const understood = explainCode(code);
    throw fromResponse({
      service: "twingly",
      status: Math.floor(code / 100),
      text: text.slice(0, 500),
      ...(understood && { understood }),
    });
  }
  context.addIssue({ code: "custom", message: root ? "another document" : "no sound XML" });
  return z.NEVER;
});

function read(text: string): XmlElement | undefined {
  try {
    return readXml(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Five digits, the first three of them a status. https://developer.twingly.com/resources/search/#error-codes */
function readErrorCode({ name, attributes }: XmlElement): number | undefined {
  const { code = "" } = attributes;
  return name === "error" && /^[45]\d{4}$/.test(code) ? Number(code) : undefined;
}

const wrongKey: VendorFailure = {
  kind: "not_configured",
  hint: "Twingly does not accept the key, or its subscription has ended: check TWINGLY_API_KEY.",
  retryable: false,
};
const wrongQuery: VendorFailure = {
  kind: "invalid_input",
  hint: "Twingly cannot work with this search: check its words, its languages and its dates.",
  retryable: false,
};

function explainCode(code: number): VendorFailure | undefined {
  const group = Math.floor(code / 100);
  if (group === 401 || group === 402) return wrongKey;
  return group === 400 || group === 404 ? wrongQuery : undefined;
}

/** What a refusal means beyond its status. */
export function explainFailure(_status: number, body: unknown): VendorFailure | undefined {
  if (typeof body !== "string") return undefined;
  const root = read(body);
  const code = root && readErrorCode(root);
  return code === undefined ? undefined : explainCode(code);
}

/** Our own refusal, before anything is sent. */
export function refuseInput(what: string, hint: string): AppError {
  return new AppError("invalid_input", what, { hint, service: "twingly" });
}
