#!/usr/bin/env node
"use strict";
// The command's entry. A file of its own, so that it is there when npm links it, before anything is built.
require("./start.cjs").start("click");
