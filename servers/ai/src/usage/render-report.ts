import type { z } from "zod";
import type {
  AdviceFigures,
  BudgetFigures,
  ForecastFigures,
  SavingsFigures,
  UnusualDayFigures,
  UsageFigures,
} from "./report-schemas.ts";

export interface RenderedReport {
  since: string;
  until: string;
  groupBy: string;
  total: z.infer<typeof UsageFigures>;
  groups: readonly (z.infer<typeof UsageFigures> & { group: string; name?: string | undefined })[];
  totalGroups: number;
  savings?: z.infer<typeof SavingsFigures> | undefined;
  forecast?: z.infer<typeof ForecastFigures> | undefined;
  unusual?: readonly z.infer<typeof UnusualDayFigures>[] | undefined;
  advice?: readonly z.infer<typeof AdviceFigures>[] | undefined;
  budgets?: readonly z.infer<typeof BudgetFigures>[] | undefined;
  notes: readonly string[];
  nextCursor?: string | undefined;
}

/** The report in short lines: a model reads them with fewer tokens than JSON. */
export function renderReport(report: RenderedReport): string {
  const { total, groups, totalGroups } = report;
  const lines = [
    `AI usage ${report.since} to ${report.until}: ${usd(total.costUsd)}, ${describeCalls(total)}`,
    total.estimatedUsd > 0 ? `${usd(total.estimatedUsd)} of it estimated.` : "",
    ...(report.savings ? [renderSavings(report.savings)] : []),
    ...(report.forecast ? [renderForecast(report.forecast)] : []),
    "",
    `By ${report.groupBy} (${groups.length} of ${totalGroups}):`,
    `${report.groupBy} | USD | calls | errors | tokens in (cached) | out | hits exact/semantic/shared | p50/p95 ms`,
    ...groups.map(renderGroup),
    ...section(
      "Unusual days",
      (report.unusual ?? []).map((day) => renderUnusual(day)),
    ),
    ...section(
      "Budgets",
      (report.budgets ?? []).map(
        ({ caller, window, spentUsd, limitUsd, share }) =>
          `${caller}, ${window}: ${usd(spentUsd)} of ${usd(limitUsd)} (${percent(share)})`,
      ),
    ),
    ...section(
      "Advice",
      (report.advice ?? []).map(({ saveUsdPerYear, text }) => `${usd(saveUsdPerYear)} a year: ${text}`),
    ),
    ...section("Notes", report.notes),
    report.nextCursor === undefined ? "" : `\nnextCursor: ${report.nextCursor}`,
  ];
  return lines
    .filter((line, index) => line !== "" || lines[index - 1] !== "")
    .join("\n")
    .trim();
}

function describeCalls({ calls, errors, inputTokens, outputTokens, hitShare }: z.infer<typeof UsageFigures>): string {
  return `${calls} calls (${errors} failed), ${inputTokens} tokens read, ${outputTokens} written, ${percent(hitShare)} from cache.`;
}

function renderSavings(savings: z.infer<typeof SavingsFigures>): string {
  const { shareLower, shareUpper, comparedCalls, totalCalls } = savings;
  const interval =
    shareLower === undefined || shareUpper === undefined
      ? ""
      : ` (95 %: ${percent(shareLower)} to ${percent(shareUpper)})`;
  return `Saved ${usd(savings.savedUsd)}, ${percent(savings.savedShare)}${interval}, against ${usd(savings.baselineUsd)} for the same tokens at ${savings.baselineModel} without cache and routing; ${comparedCalls} of ${totalCalls} calls compared.`;
}

function renderForecast({ month, spentUsd, expectedUsd, lowerUsd, upperUsd }: z.infer<typeof ForecastFigures>): string {
  return `${month}: ${usd(spentUsd)} so far, ${usd(expectedUsd)} expected (95 %: ${usd(lowerUsd)} to ${usd(upperUsd)}).`;
}

function renderGroup(group: RenderedReport["groups"][number]): string {
  const cells = [
    // Calls that failed before a model was chosen have none.
    group.name === undefined ? group.group || "(none)" : `${group.name} (${group.group})`,
    usd(group.costUsd).slice(0, -4),
    group.calls,
    group.errors,
    `${group.inputTokens} (${group.cachedInputTokens})`,
    group.outputTokens,
    `${group.exactHits}/${group.semanticHits}/${group.sharedHits}`,
    `${group.p50Ms ?? "-"}/${group.p95Ms ?? "-"}`,
  ];
  return cells.join(" | ");
}

function renderUnusual({ day, of, name, costUsd, expectedUsd, driver }: z.infer<typeof UnusualDayFigures>): string {
  const whose = of === "all" ? "" : ` ${of} ${name}`;
  const why = driver ? `: ${driver.dimension} ${driver.name}, ${driver.because} (${percent(driver.share)} of it)` : "";
  return `${day}${whose}: ${usd(costUsd)} where ${usd(expectedUsd)} was usual${why}`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", `${title}:`, ...lines.map((line) => `- ${line}`)];
}

/** Cents, and more digits where there are only fractions of one. */
function usd(value: number): string {
  const digits = value !== 0 && Math.abs(value) < 0.1 ? 4 : 2;
  return `${value.toFixed(digits)} USD`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
