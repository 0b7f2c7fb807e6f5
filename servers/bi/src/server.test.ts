import { testCatalogue } from "@sophia/core/testing/catalogue-contract";
import { biServer } from "./server.ts";

testCatalogue(biServer, import.meta.dirname);
