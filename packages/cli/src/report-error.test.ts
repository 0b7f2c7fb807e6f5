import { ConfigError } from "@sophia/core/config/parse-config";
import { AppError } from "@sophia/core/errors/app-error";
import { expect, test } from "vitest";
import { reportError } from "./report-error.ts";

const options = { scrub: (text: string) => text.replaceAll("canary-9f31", "***"), dataDir: "/data" };

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path} canary-9f31`), { code, path });
}

test.for([
  { thrown: new ConfigError([{ variable: "X", message: "is required" }]), exitCode: 78, says: "X: is required" },
  { thrown: new AppError("not_configured", "No.", { hint: "Do this." }), exitCode: 78, says: "No.\nDo this." },
  { thrown: new AppError("unavailable", "Taken.", { retryable: false }), exitCode: 1, says: "Taken." },
  { thrown: systemError("EACCES", "/data/logs/ai.log"), exitCode: 78, says: "/data/logs/ai.log cannot be used" },
  { thrown: systemError("EACCES", "/elsewhere"), exitCode: 1, says: "Please report it" },
  { thrown: new TypeError("canary-9f31"), exitCode: 1, says: "TypeError: ***" },
])("$thrown.name $thrown.message: exit code $exitCode", ({ thrown, exitCode, says }) => {
  const report = reportError(thrown, options);
  expect(report.exitCode).toBe(exitCode);
  expect(report.message).toContain(says);
  expect(report.message).not.toContain("canary-9f31");
});
