#!/usr/bin/env node
// The command's entry. A file of its own, so that it is there when npm links it, before anything is built.
import { start } from "./start.cjs";

start("clickos");
