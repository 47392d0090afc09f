"""Load a bundle into Superset, with Superset's own Python: `python bi/load.py bundle.zip` (as its admin, replacing what it loaded before).

Runs in Superset's environment, so it imports nothing of this project. The database password comes from LOWTIDE_BI_PASSWORD.
"""

import os
import sys
from zipfile import ZipFile

from superset.app import create_app

app = create_app()
with app.app_context():
    from flask import g
    from superset import security_manager
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.commands.importers.v1.utils import get_contents_from_bundle

    g.user = security_manager.find_user(username=os.environ.get("SUPERSET_USER", "admin"))
    with ZipFile(sys.argv[1]) as bundle:
        contents = get_contents_from_bundle(bundle)
    secret = os.environ.get("LOWTIDE_BI_PASSWORD")
    ImportAssetsCommand(contents, passwords={"databases/lowtide.yaml": secret} if secret else {}).run()
    print(f"loaded {len(contents)} files")
