import type { DataConfig } from "../config.ts";
import { type PageFetcher, userAgent } from "../fetching/page-fetcher.ts";
import { findChromium } from "./find-chromium.ts";
import { createRenderer, type Renderer, type RendererOptions } from "./renderer.ts";

/** The installed browser, which is only looked for here and started by the first page that needs it. */
export async function openRenderer(
  config: Pick<DataConfig, "SOPHIA_DATA_CHROMIUM" | "SOPHIA_DATA_CONTACT">,
  parts: Pick<RendererOptions, "policy" | "resolve" | "clock" | "log"> & { fetcher: PageFetcher },
): Promise<Renderer | undefined> {
  const { SOPHIA_DATA_CHROMIUM: setting, SOPHIA_DATA_CONTACT: contact } = config;
  if (setting === "off") return undefined;
  const path = await findChromium(setting);
  if (path === undefined) {
    if (setting !== undefined) parts.log.warn("SOPHIA_DATA_CHROMIUM names no program that can be run.");
    return undefined;
  }
  const { fetcher, ...rest } = parts;
  const loadDocument = (url: string, signal: AbortSignal) => fetcher.fetch(url, signal);
  return createRenderer({ ...rest, path, loadDocument, userAgent: userAgent(contact) });
}

export function describeRenderer(renderer: Renderer | undefined): { ok: boolean; detail: string } {
  if (!renderer) return { ok: true, detail: "no Chromium is installed: pages are read without their scripts" };
  const { version = "Chromium", isSandboxed, pages } = renderer.status();
  const wall = isSandboxed ? "" : ", without its own sandbox, as this is root or a container";
  return { ok: true, detail: `${version}, ${pages} pages open${wall}` };
}
