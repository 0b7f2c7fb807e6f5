import { testCatalogue } from "@sophia/core/testing/catalogue-contract";
import { dataServer } from "./server.ts";

testCatalogue(dataServer, import.meta.dirname);
