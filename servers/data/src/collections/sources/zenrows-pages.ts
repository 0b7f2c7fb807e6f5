import type { ZenRowsClient } from "@sophia/vendors/zenrows/client";
import { zenrowsCreditUsd } from "@sophia/vendors/zenrows/cost";
import { fetchWithEscalation } from "@sophia/vendors/zenrows/escalate";
import { isRealPage } from "@sophia/vendors/zenrows/is-real-page";
import { AppError } from "@sophia/core/errors/app-error";
import type { Reached } from "../../domain/reached-vendors.ts";
import type { ShortSource } from "../source.ts";
import { billed } from "./billed.ts";
import { ofSource } from "./of-source.ts";

/** Pages that refuse plain fetching: from the cheapest way to the dearest that the item's credits allow. */
export function createZenRowsPages(
  { client, mode }: Reached<Pick<ZenRowsClient, "fetchPage">>,
  options: { concurrency: number },
): ShortSource {
  return {
    kind: "short",
    name: "zenrows",
    service: "zenrows",
    mode,
    unit: "credits",
    concurrency: options.concurrency,
    isRepeatable: false,
    estimate(item) {
      const { maxCredits } = ofSource(item, "zenrows");
      return billed(mode, { quantity: maxCredits, costUsd: maxCredits * zenrowsCreditUsd });
    },
    async collect(item, signal) {
      const { url, maxCredits } = ofSource(item, "zenrows");
      const { reply, credits, costUsd } = await fetchWithEscalation(
        client,
        { url },
        { maxCredits, signal, accepts: isRealPage },
      );
      const { content, finalUrl } = reply;
      if (content.kind !== "html" && content.kind !== "markdown" && content.kind !== "text") {
        throw new AppError("invalid_input", `The page is ${content.kind}, which is not kept as a document.`, {
          hint: "Read it with scrape_page.",
        });
      }
      const body =
        content.kind === "html"
          ? { kind: "html" as const, html: content.text }
          : { kind: "markdown" as const, markdown: content.text };
      const pages = [{ url: finalUrl, title: null, body }];
      return { pages, ...billed(mode, { quantity: credits, costUsd }), kind: reply.cost.kind };
    },
  };
}
