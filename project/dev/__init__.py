"""What only a developer's machine needs; bin/dev runs it, and its pages exist only under DEBUG."""
