"""Who signs in to the demonstration, and the names that its invented staff are given."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DemoAccount:
    email: str
    name: str
    what: str


PREVENT_LEAD = DemoAccount("lead@mallard.example", "Priya Nair", "Prevent lead of Mallard Primary School")
READER = DemoAccount("head@mallard.example", "Tom Ashworth", "headteacher of Mallard Primary School, reads only")
TRUST_LEAD = DemoAccount("safeguarding@harbour.example", "Grace Okafor", "safeguarding lead of Harbour Learning Trust")
TRUST_READER = DemoAccount("trustee@harbour.example", "Alan Pike", "trustee of Harbour Learning Trust, reads only")
OFFICER = DemoAccount("prevent@wexmoor.example", "Ruth Lindqvist", "officer of Wexmoor Council")
ADMINISTRATOR = DemoAccount("admin@prevent.example", "Sam Whitlock", "platform administrator")
SEVERAL = DemoAccount("governor@wexmoor.example", "Joan Mercer", "link governor of two schools: switch in the header")

DEMO_ACCOUNTS = (PREVENT_LEAD, READER, TRUST_LEAD, TRUST_READER, OFFICER, ADMINISTRATOR, SEVERAL)

GIVEN_NAMES = (
    "Aisha Amelia Andrew Anna Anwar Beth Callum Carmen Charlotte Chidi Claire Daniel David Dina Edward Ella Emeka Emma "
    "Farah Fiona Gareth Georgia Hannah Harriet Ian Imran Isla Jack Jamila Jo Kamal Karen Kwame Laura Leon Lucy Maria "
    "Mark Megan Mina Nadia Nathan Nina Oliver Olivia Paul Peter Rachel Ravi Rosa Ruth Sarah Sean Simon Sofia Stephen "
    "Tariq Tess Victoria Wei Yusuf Zara"
).split()
FAMILY_NAMES = (
    "Adeyemi Ahmed Allen Baker Barnes Begum Bell Bennett Brown Campbell Carter Chapman Chen Clarke Collins Cooper Cox "
    "Davies Dixon Edwards Evans Fisher Foster Fox Gill Graham Grant Green Griffiths Hall Harris Harvey Hill Holmes "
    "Hughes Hunt Hussain Jackson James Jones Kapoor Kaur Khan King Knight Lee Lewis Marshall Martin Mason Miller Mills "
    "Moore Morgan Murphy Murray Owen Palmer Parker Patel Phillips Powell Price Reid Roberts Robinson Rogers Scott "
    "Shah Simpson Singh Smith Stevens Stone Taylor Thomas Thompson Turner Walker Ward Watson Webb White Wilson Wood "
    "Wright Young"
).split()
