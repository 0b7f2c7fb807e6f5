import type { ClientQuestion } from "./define-tool.ts";

/**
 * Thrown by `ClientChannel.ask` to end a run with questions. Not an error: the transport turns it into
 * `input_required` (2026-07-28) or into requests pushed over the session (2025), and the tool runs again with the answers.
 */
export class InputRequired extends Error {
  readonly questions: Record<string, ClientQuestion>;
  readonly state: Record<string, unknown> | undefined;

  constructor(questions: Record<string, ClientQuestion>, state: Record<string, unknown> | undefined) {
    super("The tool needs an answer from the client.");
    this.name = "InputRequired";
    this.questions = questions;
    this.state = state;
  }
}
