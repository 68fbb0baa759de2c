import { library } from "../../tsup.shared.ts";

export default library(["src/index.ts", "src/arguments.ts", "src/closest.ts", "src/ports.ts", "src/syntax.ts"]);
