import { z } from "zod";
import { Source } from "../../mcp/define-tool.ts";

/** What every fixture tool answers. */
export const FixtureOutput = z.object({ text: z.string(), source: Source });

export function answer(text: string): z.input<typeof FixtureOutput> {
  return { text, source: { service: "fixture", mode: "local", costUsd: 0 } };
}

/** A red PNG of one pixel. */
export const pixelPng =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==";
/** A WAV file with one silent sample. */
export const silenceWav = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";
