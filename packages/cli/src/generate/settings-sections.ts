import { PlatformSettings } from "@sophia/core/config/platform-config";
import { services } from "@sophia/vendors/registry";
import { listServiceSections } from "@sophia/vendors/render-env-example";
import type { SettingsSection } from "@sophia/vendors/render-env-example";
import { CliSettings } from "../load-config.ts";
import { serverSettings } from "../server-settings.ts";

const unusedNote = "No tool of this release uses these yet; `doctor` shows which mode they lead to.";

/** Every variable Sophia reads, in the order of `.env.example`. */
export function listSettingsSections(): SettingsSection[] {
  return [
    { title: "Sophia", settings: PlatformSettings },
    { title: "Command line", settings: CliSettings },
    ...serverSettings,
    // A tool that uses a service takes its variables into the settings of its server, which are listed above.
    ...listServiceSections(services).map((section) => ({ ...section, note: unusedNote })),
  ];
}
