import packageJson from "../../package.json" with { type: "json" };

/** The release this process runs. */
export const packageVersion: string = packageJson.version;
