import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { promisify } from "node:util";

const run = promisify(execFile);
const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const usualPlaces = [
  ...names.map((name) => `/usr/bin/${name}`),
  "/snap/bin/chromium",
  "/opt/google/chrome/chrome",
  "/opt/homebrew/bin/chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];
const lookUpMs = 5_000;

/** Path of an installed Chromium or Chrome: as set, on the path, or in a usual place. Nothing is ever downloaded. */
export async function findChromium(setting: string | undefined): Promise<string | undefined> {
  if (setting !== undefined) return isProgram(setting) ? setting : undefined;
  return (await findOnPath()) ?? usualPlaces.find(isProgram);
}

/** Asked of the shell, which knows the path that this process was started with. */
async function findOnPath(): Promise<string | undefined> {
  const script = `for name in ${names.join(" ")}; do command -v "$name" && exit 0; done; exit 1`;
  try {
    const { stdout } = await run("/bin/sh", ["-c", script], { timeout: lookUpMs });
    const [path = ""] = stdout.split("\n");
    return isProgram(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return path.startsWith("/");
  } catch {
    return false;
  }
}
