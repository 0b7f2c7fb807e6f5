import { tmpdir } from "node:os";

/** Temporary files of tests may be in memory, below /dev: too small for images on some machines, closed to whoever refuses devices, and of one run. */
export const diskFolder = process.env["SOPHIA_TEST_DISK"] ?? tmpdir();
