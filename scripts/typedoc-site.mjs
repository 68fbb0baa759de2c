// A plugin of typedoc: a package's page says its title and what it is once, though its README begins with both.
import { Renderer } from "typedoc";

export function load(app) {
  app.renderer.on(Renderer.EVENT_BEGIN, ({ project }) => {
    for (const reflection of [project, ...Object.values(project.reflections)]) {
      const first = reflection.readme?.[0];
      if (first?.kind !== "text") continue;
      first.text = first.text.replace(/^\s*# [^\n]*\n+/, "");
      delete reflection.comment;
    }
  });
}
