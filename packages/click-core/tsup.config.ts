import { library } from "../../tsup.shared.ts";

export default library(["src/index.ts", "src/compile.ts", "src/element.ts", "src/runtime.ts"]);
