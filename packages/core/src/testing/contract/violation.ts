/** Where an exchange does not agree with a specification. */
export interface Violation {
  /** `POST /chat/completions`, or the path itself when no operation has it. */
  operation: string;
  part: "request" | "response";
  kind: "unknown_operation" | "unknown_name" | "missing" | "invalid" | "unknown_status" | "unknown_type";
  /** `/body/messages/0/role`, `/query/limit`, `/headers/x-title`. */
  pointer: string;
  message: string;
}
