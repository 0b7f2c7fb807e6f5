import { parentPort } from "node:worker_threads";
import { AppError } from "@sophia/core/errors/app-error";
import { extractPage } from "../domain/extract-page.ts";
import type { ExtractAnswer, ExtractRequest } from "./extractor.ts";

function answer(request: ExtractRequest): ExtractAnswer {
  try {
    return { id: request.id, page: extractPage(request) };
  } catch (error) {
    // Only our own refusals cross over; a parser's message may quote the page.
    if (error instanceof AppError) {
      return { id: request.id, refusal: { kind: error.kind, message: error.message, hint: error.hint } };
    }
    return { id: request.id, failure: error instanceof Error ? error.name : "unknown" };
  }
}

parentPort?.on("message", (request: ExtractRequest) => {
  parentPort?.postMessage(answer(request));
});
