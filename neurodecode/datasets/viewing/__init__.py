"""Recordings of people who look at pictures: public data sets, and any local BIDS folder.

Every loader is called as ``read_recordings(root, subject, **options)`` and returns one
:class:`~neurodecode.datasets.viewing.recording.Viewing` per recording of the subject.
"""
