"""What is tried: views at their levels, and what had to be collapsed or withheld."""

from dataclasses import dataclass, field

from tenants.insights.disclosure.engine.cells import View


@dataclass
class Offer:
    """What is tried: views at their levels, and why others are withheld. The two views of a share go together."""

    views: list[View]
    withheld: dict[str, tuple[View, str]] = field(default_factory=dict)
    collapsed: dict[str, list[str]] = field(default_factory=dict)

    def withhold(self, key: str, why: str) -> None:
        for view in [each for each in self.views if name_of(each) == key]:
            self.views.remove(view)
            self.withheld[view.table.key] = (view, why)

    def collapse(self, key: str) -> bool:
        """Takes the finest level off one dimension of a table; whether there was one."""
        fewer = {n: view.collapsed() for n, view in enumerate(self.views) if name_of(view) == key}
        if not fewer or any(view is None for view in fewer.values()):
            return False
        for n, view in fewer.items():
            if view is not None:
                before = self.views[n].levels
                gone = [name for name, levels in view.levels.items() if levels < before[name]]
                self.collapsed[view.table.key] = [*self.collapsed.get(view.table.key, []), *gone]
                self.views[n] = view
        return True


def name_of(view: View) -> str:
    """The table's key, or the share's of which this is a part or a whole."""
    return view.table.key.removesuffix(":part").removesuffix(":whole")
